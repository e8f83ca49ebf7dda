// What a machine can see of a page's accessibility and layout. Returns a list of complaints.
// Numbers: WCAG 2.2, 1.4.3 (contrast of text), 1.4.11 (of a field's edge), 1.4.10 (no sideways scrolling), 2.5.5 (44 px).
const complaints = [];
const complain = (what, element) => {
  const text = (element?.textContent ?? "").trim().replace(/\s+/g, " ").slice(0, 40);
  complaints.push(`${what}${element ? `: <${element.tagName.toLowerCase()} class="${element.getAttribute("class") ?? ""}"> ${text}` : ""}`);
};
const all = (selector) => [...document.querySelectorAll(selector)];
const shown = (element) => element.checkVisibility({ visibilityProperty: true }) && element.getClientRects().length > 0;
const name = (element) => (element.getAttribute("aria-label") || element.textContent || "").trim();

// Structure
if (!document.documentElement.lang) complain("no lang");
if (!document.title.trim()) complain("no title");
if (all("h1").length !== 1) complain(`${all("h1").length} h1`);
if (all("main").length !== 1) complain(`${all("main").length} main`);
all("h1, h2, h3, h4").reduce((before, heading) => {
  const level = Number(heading.tagName[1]);
  if (level > before + 1) complain(`heading of level ${level} after ${before}`, heading);
  return level;
}, 0);
const ids = all("[id]").map((element) => element.id);
ids.filter((id, place) => ids.indexOf(id) !== place).forEach((id) => complain(`id ${id} twice`));
for (const attribute of ["aria-describedby", "aria-labelledby", "for"])
  for (const element of all(`[${attribute}]`))
    for (const id of element.getAttribute(attribute).split(/\s+/))
      if (!ids.includes(id)) complain(`${attribute}=${id} points nowhere`, element);
all("[style]").forEach((element) => complain("inline style", element));
all("script").forEach((element) => complain("script", element));
if (all("link[rel=stylesheet][href*='style.css']").length > 1) complain("our stylesheet twice");

// Names
const legend = (field) => field.closest("fieldset")?.querySelector("legend")?.textContent.trim();
for (const field of all("input:not([type=hidden]), select, textarea"))
  if (![...field.labels].some((label) => label.textContent.trim()) && !field.getAttribute("aria-label") && !legend(field))
    complain(`no label for ${field.name}`, field);
all("button, a[href], summary").filter((element) => !name(element)).forEach((element) => complain("no name", element));
all("img:not([alt])").forEach((element) => complain("no alt", element));
all("svg:not([aria-hidden=true])").forEach((element) => complain("picture that is read aloud", element));
for (const field of all("[aria-invalid=true]")) {
  // Of a group, such as radio buttons, Django describes the fieldset.
  const ids = (field.closest("[aria-describedby]")?.getAttribute("aria-describedby") ?? "").split(/\s+/);
  if (!ids.some((id) => /error/.test(id) && document.getElementById(id)?.textContent.trim())) complain("no error named", field);
}

// Layout
const room = document.documentElement.clientWidth;
if (document.documentElement.scrollWidth > room) complain(`wider than the window by ${document.documentElement.scrollWidth - room}`);
for (const element of all("main *")) {
  const box = element.getBoundingClientRect();
  const unseen = element.closest(".socialreg-unseen, .skip");
  if (shown(element) && !unseen && (box.right > room + 1 || box.left < -1)) complain("beyond the edge", element);
}
for (const element of all("button, summary, select, a[href], input:not([type=hidden], [type=checkbox], [type=radio])")) {
  const box = element.getBoundingClientRect();
  const inText = element.tagName === "A" && getComputedStyle(element).display === "inline";
  if (shown(element) && !inText && !element.matches(".skip") && (box.height < 44 || box.width < 44))
    complain(`${Math.round(box.width)} x ${Math.round(box.height)} is small to tap`, element);
}

// Contrast
const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const rgba = (color) => {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = color;
  canvas.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
  return [red, green, blue, alpha / 255];
};
const over = (upper, lower) => [0, 1, 2].map((i) => upper[i] * upper[3] + lower[i] * (1 - upper[3])).concat(1);
const ground = (element) => {
  const layers = [];
  for (let at = element; at; at = at.parentElement) layers.unshift(rgba(getComputedStyle(at).backgroundColor));
  return layers.reduce((lower, upper) => over(upper, lower), [255, 255, 255, 1]);
};
const light = (color) => {
  const [red, green, blue] = color.map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
const contrast = (one, other) => {
  const [dark, bright] = [light(one), light(other)].sort((a, b) => a - b);
  return (bright + 0.05) / (dark + 0.05);
};
const check = (color, element, least, what) => {
  const behind = ground(element);
  const ratio = contrast(over(rgba(color), behind), behind);
  if (ratio < least) complain(`${what} ${ratio.toFixed(2)} < ${least}`, element);
};
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (texts.nextNode()) {
  const element = texts.currentNode.parentElement;
  if (texts.currentNode.data.trim() && shown(element)) check(getComputedStyle(element).color, element, 4.5, "contrast");
}
for (const field of all("input:not([type=hidden], [type=checkbox], [type=radio]), select, textarea").filter(shown)) {
  check(getComputedStyle(field).color, field, 4.5, "contrast");
  const edge = rgba(getComputedStyle(field).borderTopColor);
  const behind = ground(field.parentElement);
  if (contrast(over(edge, behind), behind) < 3) complain("the field's edge is hard to see", field);
}
return complaints;
