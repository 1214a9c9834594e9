// A small course of our own in SCORM 1.2: four pages, three questions, taken up again where one stopped.
(function () {
  "use strict";
  function find(win) {
    for (let depth = 0; depth < 8; depth += 1) {
      try { if (win.API) return win.API; } catch { return null; }
      if (win === win.parent) return null;
      win = win.parent;
    }
    return null;
  }
  const api = find(window);
  const get = (name) => (api ? api.LMSGetValue(name) : "");
  const set = (name, value) => { if (api) api.LMSSetValue(name, String(value)); };

  const PAGES = [
    { title: "A robot that charges does not work", text: "Six robots share two chargers over two shifts. A charge from 20 to 80 per cent takes 40 minutes. Whoever plans charging decides how many robots are on the floor at noon." },
    { title: "When does robot 4 have to charge?", text: "At 13:40 its battery falls below the limit of 20 per cent. It then leaves its mission by itself, wherever it is.", ask: ["At which level does a robot leave its mission to charge?", ["At 5 per cent", "At the limit of the site, 20 per cent unless changed", "When the shift ends"], 1] },
    { title: "Breaks that do not coincide", text: "If all six charge at noon, four of them wait. If the breaks are spread over both shifts, the two chargers are free for more than half of the day.", ask: ["What lets one cut the number of chargers from three to two?", ["Faster chargers", "A higher limit for low battery", "Spreading the charging over both shifts"], 2] },
    { title: "Your plan", text: "A plan that works names a charging slot for each robot and keeps one charger free for the unexpected.", ask: ["How many of two chargers does a plan use at most at the same time?", ["One", "Two", "It does not matter"], 0] },
  ];

  if (api) api.LMSInitialize("");
  let answers = {};
  try { answers = JSON.parse(get("cmi.suspend_data") || "{}"); } catch { answers = {}; }
  let page = Math.min(Math.max(Number(get("cmi.core.lesson_location")) || 1, 1), PAGES.length);
  if (!["passed", "failed", "completed"].includes(get("cmi.core.lesson_status"))) set("cmi.core.lesson_status", "incomplete");

  const main = document.getElementById("page");
  const asked = PAGES.filter((one) => one.ask);
  const right = () => PAGES.filter((one, place) => one.ask && answers[place] === one.ask[2]).length;

  function show() {
    const one = PAGES[page - 1];
    main.textContent = "";
    add("h1", one.title);
    add("p", one.text);
    if (one.ask) question(one, page - 1);
    document.getElementById("where").textContent = `Page ${page} of ${PAGES.length}`;
    document.getElementById("back").disabled = page === 1;
    document.getElementById("next").textContent = page === PAGES.length ? "Finish" : "Next";
    set("cmi.core.lesson_location", page);
    main.focus();
  }

  function add(name, text, to) {
    const made = document.createElement(name);
    made.textContent = text;
    (to || main).append(made);
    return made;
  }

  function question(one, place) {
    const [text, choices, solution] = one.ask;
    const set_ = add("fieldset", "");
    add("legend", text, set_);
    const said = document.createElement("p");
    said.className = "said";
    said.setAttribute("role", "status");
    choices.forEach((choice, number) => {
      const label = add("label", "", set_);
      const radio = document.createElement("input");
      radio.type = "radio";
      radio.name = `question${place}`;
      radio.checked = answers[place] === number;
      label.append(radio, ` ${choice}`);
      radio.addEventListener("change", () => {
        answers[place] = number;
        said.textContent = number === solution ? "Right." : "Not quite. Look at the text once more.";
        keep();
      });
    });
    main.append(said);
  }

  function keep() {
    set("cmi.suspend_data", JSON.stringify(answers));
    set("cmi.core.score.min", 0);
    set("cmi.core.score.max", 100);
    set("cmi.core.score.raw", Math.round((100 * right()) / asked.length));
  }

  document.getElementById("back").addEventListener("click", () => { page -= 1; show(); });
  document.getElementById("next").addEventListener("click", () => {
    if (page < PAGES.length) { page += 1; show(); return; }
    keep();
    const passed = right() / asked.length >= 0.7;
    set("cmi.core.lesson_status", passed ? "passed" : "failed");
    if (api) api.LMSFinish("");
    main.textContent = "";
    add("h1", passed ? "You are through" : "Have another look");
    add("p", `${right()} of ${asked.length} right. You can close this window.`);
    main.focus();
    document.querySelector("nav").hidden = true;
  });
  show();
})();
