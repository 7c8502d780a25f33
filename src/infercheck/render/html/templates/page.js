(() => {
  "use strict";
  const root = document.documentElement;
  const all = (query, within = document) => [...within.querySelectorAll(query)];
  root.classList.add("scripted");

  // Light or dark, whatever the system says.
  document.querySelector(".theme").addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });

  // Tables sort by a click on a title: numbers by value, names by letters; what is unknown stays last.
  const value = (row, column) => {
    const cell = row.cells[column];
    if (!cell.classList.contains("n")) return cell.dataset.v ? Number(cell.dataset.v) : cell.textContent.trim().toLowerCase();
    return cell.dataset.v === undefined || cell.dataset.v === "" ? undefined : Number(cell.dataset.v);
  };
  const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));
  const sort = (table, column) => {
    const titles = all("thead th", table);
    const first = titles[column].classList.contains("n") ? "descending" : "ascending";
    const other = first === "descending" ? "ascending" : "descending";
    const order = titles[column].getAttribute("aria-sort") === first ? other : first;
    titles.forEach((title) => title.removeAttribute("aria-sort"));
    titles[column].setAttribute("aria-sort", order);
    const sign = order === "ascending" ? 1 : -1;
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => [value(row, column), row]);
    rows.sort(([a], [b]) => (a === undefined || b === undefined ? (a === undefined) - (b === undefined) : sign * compare(a, b)));
    body.append(...rows.map(([, row]) => row));
  };
  all("table").forEach((table) =>
    all("thead th", table).forEach((title, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = title.textContent;
      button.addEventListener("click", () => sort(table, column));
      title.replaceChildren(button);
    })
  );

  // Search in a table.
  all("input.search").forEach((input) => {
    const table = document.getElementById(input.getAttribute("aria-controls"));
    const rows = [...table.tBodies[0].rows];
    const words = rows.map((row) => row.textContent.toLowerCase());
    const told = input.closest(".filter").querySelector("output");
    input.addEventListener("input", () => {
      const sought = input.value.trim().toLowerCase();
      let shown = 0;
      rows.forEach((row, n) => {
        row.hidden = !words[n].includes(sought);
        shown += row.hidden ? 0 : 1;
      });
      told.textContent = sought ? shown + " of " + rows.length : "";
    });
  });

  // Findings: search, grade, open all.
  const findings = all("details.finding");
  if (findings.length) {
    const search = document.getElementById("finding-search");
    const grade = document.getElementById("finding-grade");
    const told = document.getElementById("finding-count");
    const open = document.getElementById("finding-open");
    const words = findings.map((finding) => finding.textContent.toLowerCase());
    const filter = () => {
      const sought = search.value.trim().toLowerCase();
      findings.forEach((finding, n) => {
        finding.hidden = !words[n].includes(sought) || (grade.value !== "" && finding.dataset.grade !== grade.value);
      });
      const shown = findings.filter((finding) => !finding.hidden).length;
      all(".step").forEach((step) => { step.hidden = !step.querySelector("details.finding:not([hidden])"); });
      document.querySelector("#findings .none").hidden = shown > 0;
      told.textContent = shown < findings.length ? shown + " of " + findings.length : "";
    };
    search.addEventListener("input", filter);
    grade.addEventListener("change", filter);
    open.addEventListener("click", () => {
      const opening = findings.some((finding) => !finding.hidden && !finding.open);
      findings.forEach((finding) => { if (!finding.hidden) finding.open = opening; });
      open.textContent = opening ? "Close all" : "Open all";
    });
  }

  // A link to a finding opens it, whatever was filtered out.
  const reveal = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    target.hidden = false;
    for (let at = target; at; at = at.parentElement) {
      if (at.classList.contains("step")) at.hidden = false;
      if (at.tagName === "DETAILS") at.open = true;
    }
    target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();

  // What a mark stands for, at the pointer.
  const tip = document.getElementById("tip");
  document.addEventListener("pointermove", (event) => {
    const mark = event.target.closest ? event.target.closest("[data-tip]") : undefined;
    tip.hidden = !mark;
    if (!mark) return;
    tip.textContent = mark.dataset.tip;
    tip.style.left = `${Math.max(8, Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8))}px`;
    tip.style.top = `${event.clientY > innerHeight - 80 ? event.clientY - tip.offsetHeight - 12 : event.clientY + 16}px`;
  });

  // Paper has no clicks: how it is done is printed open.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = all("details.fix:not([open])");
    closed.forEach((details) => { details.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((details) => { details.open = false; }));
})();
