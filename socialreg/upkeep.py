"""Looking after accounts: one function per unit of work, for a task queue or for ``manage.py socialreg_maintain``."""
