// Draws the figures a page asks for: reads the JSON beside each [data-figure] and puts the theme's colours in.
(function () {
  "use strict";
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);

  // A token's colour as the browser resolves it now: light-dark() is only resolved in a real property.
  function colour(token) {
    probe.style.color = `var(${token})`;
    return getComputedStyle(probe).color;
  }
  function themed(value) {
    if (typeof value === "string") return value.startsWith("--") ? colour(value) : value;
    if (Array.isArray(value)) return value.map(themed);
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, themed(inner)]));
    }
    return value;
  }
  function draw(box) {
    const { data, layout } = themed(JSON.parse(document.getElementById(box.dataset.figure).textContent));
    box.querySelector(".figure-wait")?.remove();
    Plotly.react(box, data, layout, { displayModeBar: false, responsive: true, scrollZoom: false });
    if (box.dataset.ready) return;
    box.dataset.ready = "yes";
    box.on("plotly_click", ({ points }) => {
      const url = points[0]?.customdata;
      if (url) location.assign(url);
    });
  }
  function drawAll(scope) {
    for (const box of scope.querySelectorAll("[data-figure]")) draw(box);
  }
  drawAll(document);
  document.addEventListener("portal:theme", () => drawAll(document));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll(document));
  // Paper is white, whatever the screen's theme.
  const root = document.documentElement;
  let before = null;
  addEventListener("beforeprint", () => {
    before = root.getAttribute("data-bs-theme");
    root.setAttribute("data-bs-theme", "light");
    drawAll(document);
  });
  addEventListener("afterprint", () => {
    if (before) root.setAttribute("data-bs-theme", before);
    else root.removeAttribute("data-bs-theme");
    drawAll(document);
  });
  document.addEventListener("htmx:afterSettle", (event) => drawAll(event.detail.elt));
})();
