// The desk works without this file. It adds keys (j, k, Enter, a to reach "Approve", u back to the
// queue) and reloads a list that nobody is working in.
"use strict";
(() => {
  const rows = [...document.querySelectorAll(".page-queue .row-link")];
  const typing = (at) => at.closest("input, textarea, select, [contenteditable]") !== null;
  const step = (by) => {
    const at = rows.indexOf(document.activeElement);
    const next = rows[Math.min(Math.max(at + by, 0), rows.length - 1)];
    if (next) { next.focus(); next.scrollIntoView({ block: "nearest" }); }
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const approve = document.getElementById("approve");
    if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else if (event.key === "u") location.assign("/queue");
    // Never approves by itself; where a second step is asked for, it leads to that step.
    else if (event.key === "a" && approve) {
      const confirm = document.getElementById("confirm-approval");
      const next = confirm && !confirm.checked ? confirm : approve;
      next.focus();
      next.scrollIntoView({ block: "center" });
    }
    else return;
    event.preventDefault();
  });
  document.querySelectorAll(".keys").forEach((hint) => { hint.hidden = rows.length < 2; });

  const list = document.querySelector("[data-refresh]");
  if (list) {
    setInterval(() => {
      const idle = document.activeElement === document.body || document.activeElement === null;
      if (idle && !document.hidden && String(getSelection()) === "") location.reload();
    }, Number(list.dataset.refresh) * 1000);
  }

  // A text area as tall as its text; and a word before typed text is left behind.
  const body = document.getElementById("body");
  if (body) {
    const fit = () => { body.style.height = "auto"; body.style.height = `${body.scrollHeight + 4}px`; };
    const first = body.value;
    let leaving = false;
    body.addEventListener("input", fit);
    document.addEventListener("submit", () => { leaving = true; });
    addEventListener("beforeunload", (event) => { if (!leaving && body.value !== first) event.preventDefault(); });
    fit();
  }
})();
