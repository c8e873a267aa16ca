// What only a script can do: search, filter, sort, language and theme in place, print modes. All content is in the page.
(function () {
  "use strict";
  const root = document.documentElement;
  const all = (selector, from = document) => Array.from(from.querySelectorAll(selector));
  root.setAttribute("data-js", "");

  const language = () => root.getAttribute("data-lang");

  function speak(chosen) {
    root.setAttribute("data-lang", chosen);
    root.lang = chosen;
    document.title = document.body.getAttribute("data-title-" + chosen);
    count();
  }

  function expand(open) {
    all("details").forEach((details) => {
      if (open && !details.open) {
        details.open = true;
        details.setAttribute("data-was", "");
      } else if (!open && details.hasAttribute("data-was")) {
        details.open = false;
        details.removeAttribute("data-was");
      }
    });
  }

  const acts = {
    theme() {
      const set = root.getAttribute("data-theme");
      const dark = set ? set === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      root.setAttribute("data-theme", dark ? "light" : "dark");
    },
    "print-sum"() {
      root.setAttribute("data-print", "sum");
      print();
    },
    "print-full"() {
      print();
    },
    "print-one"(event) {
      root.setAttribute("data-print", "one");
      event.currentTarget.closest("tbody").setAttribute("data-one", "");
      print();
    },
  };

  // The asset table.
  const table = document.getElementById("assets");
  const rows = Array.from(table.tBodies); // one a device: its row, and why it is what it is called
  const query = document.getElementById("q");
  const counter = document.getElementById("cnt");
  const texts = { nl: new Map(), en: new Map() };
  let state = "";

  function shown(element) {
    const known = texts[language()];
    if (!known.has(element)) {
      const copy = element.cloneNode(true);
      all("[lang=" + (language() === "nl" ? "en" : "nl") + "]", copy).forEach((other) => other.remove());
      known.set(element, copy.textContent.trim());
    }
    return known.get(element);
  }

  function count() {
    const visible = rows.filter((row) => !row.hidden).length;
    counter.textContent = visible + " " + counter.getAttribute("data-" + language()) + " " + rows.length;
  }

  function apply() {
    const wanted = query.value.trim().toLowerCase();
    rows.forEach((row) => {
      const other = state && row.getAttribute("data-st") !== state;
      row.hidden = Boolean(other || (wanted && !shown(row).toLowerCase().includes(wanted)));
    });
    count();
  }

  function sortable(head, column) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    head.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      Array.from(head.parentNode.cells).forEach((other) => other.setAttribute("aria-sort", "none"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      rows.sort((left, right) => (up ? 1 : -1) * compare(left.rows[0].cells[column], right.rows[0].cells[column]));
      table.append(...rows);
    });
  }

  const collators = { nl: new Intl.Collator("nl", { numeric: true }), en: new Intl.Collator("en", { numeric: true }) };

  function compare(left, right) {
    const value = left.getAttribute("data-v");
    if (value !== null) return Number(value) - Number(right.getAttribute("data-v"));
    return collators[language()].compare(shown(left), shown(right));
  }

  // A link to an asset opens its sheet.
  function unfold() {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (target && rows.includes(target)) all("details", target).forEach((details) => { details.open = true; });
  }

  // Pointing at a box of the diagram shows what belongs to it.
  function pointable(diagram) {
    all(".nd", diagram).forEach((box) => {
      const mine = new Set(box.getAttribute("data-a").split(" "));
      const on = () => {
        diagram.classList.add("pick");
        all("[data-a]", diagram).forEach((part) => {
          part.classList.toggle("on", part.getAttribute("data-a").split(" ").some((asset) => mine.has(asset)));
        });
      };
      const off = () => diagram.classList.remove("pick");
      box.addEventListener("mouseenter", on);
      box.addEventListener("mouseleave", off);
      box.addEventListener("focusin", on);
      box.addEventListener("focusout", off);
    });
  }

  all("[data-set]").forEach((link) => link.addEventListener("click", (event) => {
    event.preventDefault();
    speak(link.getAttribute("data-set"));
  }));
  all("[data-act]").forEach((button) => button.addEventListener("click", acts[button.getAttribute("data-act")]));
  addEventListener("beforeprint", () => expand(true));
  addEventListener("afterprint", () => {
    expand(false);
    root.removeAttribute("data-print");
    all("[data-one]").forEach((sheet) => sheet.removeAttribute("data-one"));
  });
  query.addEventListener("input", apply);
  const filters = all("[data-f]");
  filters.forEach((button) => button.addEventListener("click", () => {
    state = button.getAttribute("data-f");
    filters.forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
    apply();
  }));
  Array.from(table.tHead.rows[0].cells).forEach(sortable);
  all(".sankey").forEach(pointable);
  if (location.hash === "#en" || location.hash === "#nl") speak(location.hash.slice(1));
  addEventListener("hashchange", unfold);
  unfold();
  count();
})();
