"use strict";
// The page is complete without this: it adds sorting and searching of lists, values under the pointer, and a
// control that moves prior odds. It stores nothing, sends nothing, and writes text only, never markup.
(() => {
  const make = (tag, fields = {}, ...inside) => {
    const element = Object.assign(document.createElement(tag), fields);
    element.append(...inside);
    return element;
  };

  // Lists of models: a button in every head sorts, a box above searches.
  const sortable = table => {
    const body = table.tBodies[0];
    if (!body || body.rows.length < 5) return;
    const rows = [...body.rows];
    const texts = new Map(rows.map(row => [row, row.textContent.toLowerCase()]));
    const count = make("span", { className: "small", role: "status" });
    const box = make("input", { type: "search", autocomplete: "off", spellcheck: false });
    box.addEventListener("input", () => {
      const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of rows) {
        row.hidden = !words.every(word => texts.get(row).includes(word));
        shown += row.hidden ? 0 : 1;
      }
      count.textContent = words.length ? ` ${shown} of ${rows.length} shown` : "";
    });
    const frame = table.closest(".scroll");
    frame.before(make("p", { className: "find screen" }, make("label", {}, "Search this list ", box), count));
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = make("button", { type: "button", textContent: head.textContent });
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const key = row => row.cells[column] ? row.cells[column].textContent.trim() : "";
        const order = new Intl.Collator("en", { numeric: true }).compare;
        // What is not documented comes last, whichever way.
        rows.sort((a, b) => !key(a) - !key(b) || (down ? -1 : 1) * order(key(a), key(b)));
        body.append(...rows);
      });
    });
  };

  // Marks of figures: what a mark is, beside the pointer or after a tap.
  const names = new WeakMap();
  const tip = make("div", { className: "tip screen", hidden: true });
  const show = event => {
    const name = names.get(event.target);
    tip.hidden = !name;
    if (!name) return;
    tip.textContent = name;
    const at = event.target.getBoundingClientRect();
    const left = Math.min(at.left + at.width / 2, document.documentElement.clientWidth - tip.offsetWidth - 8);
    tip.style.left = `${Math.max(8, left) + window.scrollX}px`;
    tip.style.top = `${at.top + window.scrollY - tip.offsetHeight - 6}px`;
  };
  const named = figure => {
    for (const title of figure.querySelectorAll("title")) {
      names.set(title.parentNode, title.textContent);
      title.remove();
    }
    figure.addEventListener("pointerover", show);
    figure.addEventListener("click", show);
    figure.addEventListener("pointerleave", () => { tip.hidden = true; });
  };

  // Prior odds: a slider over log10 of them.
  const times = log10 => {
    const value = 10 ** Math.abs(log10);
    // A tie is rounded down, as in the table.
    const text = value < 9.95 ? (value - 1e-9).toFixed(1).replace(/\.0$/, "") : Number(value.toPrecision(2)).toLocaleString("en");
    return log10 < 0 && text !== "1" ? `1 to ${text}` : `${text} to 1`;
  };
  const chance = log10 => {
    const share = 100 * 10 ** log10 / (1 + 10 ** log10);
    return share < .01 ? "below .01" : share > 99.9 ? "above 99.9" : share.toFixed(share < 1 ? 2 : 1).replace(/^0/, "");
  };
  const explorer = place => {
    const [ratio, low, high] = ["lr", "low", "high"].map(key => Number(place.dataset[key]));
    const slider = make("input", { type: "range", min: "-4", max: "2", step: "0.1", value: "-2" });
    const told = make("output", {});
    const say = () => {
      const prior = Number(slider.value);
      const ends = low < high ? ` (${chance(prior + low)} to ${chance(prior + high)} over the interval of the ratio)` : "";
      told.textContent = `Odds before ${times(prior)}, odds after ${times(prior + ratio)}: ${chance(prior + ratio)} in 100${ends}.`;
      slider.setAttribute("aria-valuetext", `odds before ${times(prior)}`);
    };
    slider.addEventListener("input", say);
    place.append(make("label", {}, "Odds before the evidence", slider), told);
    say();
  };

  document.querySelectorAll("table.models").forEach(sortable);
  document.querySelectorAll("figure").forEach(named);
  document.querySelectorAll(".explorer").forEach(explorer);
  document.body.append(tip);
  document.addEventListener("keydown", event => { if (event.key === "Escape") tip.hidden = true; });
})();
