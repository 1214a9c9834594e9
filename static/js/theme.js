// Runs before the first paint: a chosen theme must not flash, and script-only parts must not jump in.
(function () {
  var root = document.documentElement;
  root.classList.add("js");
  try {
    var theme = localStorage.getItem("theme");
    if (theme === "light" || theme === "dark") root.setAttribute("data-bs-theme", theme);
  } catch (error) {
    // Storage may be forbidden; the device's own preference is then the theme.
  }
})();
