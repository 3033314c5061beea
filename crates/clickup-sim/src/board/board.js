"use strict";
(() => {
  const list = document.body.dataset.list;
  const main = document.getElementById("columns");
  const dialog = document.getElementById("task");
  const by = (id) => document.getElementById(id);
  let version = Number(document.body.dataset.version);
  let dragged = null, open = null, seen = new Map(), toastTimer;

  const toast = (text) => {
    by("toast").textContent = text;
    by("toast").classList.add("on");
    clearTimeout(toastTimer);
    toastTimer = setTimeout(() => by("toast").classList.remove("on"), 2600);
  };
  const call = async (method, path, body) => {
    const answer = await fetch(path, { method, headers: { "content-type": "application/json" }, body: body && JSON.stringify(body) });
    if (answer.status === 204) return null;
    const data = await answer.json();
    if (!answer.ok) throw new Error(data.error || answer.statusText);
    return data;
  };
  const ago = (ms) => {
    const s = Math.max(0, Math.round((Date.now() - ms) / 1000));
    return s < 5 ? "now" : s < 60 ? s + " s" : s < 3600 ? Math.floor(s / 60) + " min" : s < 86400 ? Math.floor(s / 3600) + " h" : Math.floor(s / 86400) + " d";
  };
  const times = () => main.querySelectorAll(".card").forEach((card) => { card.querySelector(".ago").textContent = ago(Number(card.dataset.updated)); });
  const remember = (flash) => {
    const now = new Map();
    main.querySelectorAll(".card").forEach((card) => {
      now.set(card.dataset.id, card.dataset.updated);
      if (flash && seen.get(card.dataset.id) !== card.dataset.updated) card.classList.add("fresh");
    });
    seen = now;
  };

  const refresh = async () => {
    try {
      const data = await call("GET", `/_sim/board/${list}.json?v=${version}`);
      by("lost").hidden = true;
      meters(data);
      if (data.changed && !dragged) {
        const scroll = [...main.querySelectorAll(".cards")].map((c) => c.scrollTop);
        const focus = document.activeElement && document.activeElement.dataset ? document.activeElement.dataset.id : null;
        main.innerHTML = data.html;
        main.querySelectorAll(".cards").forEach((c, i) => { c.scrollTop = scroll[i] || 0; });
        if (focus) { const card = main.querySelector(`[data-id="${focus}"]`); if (card) card.focus({ preventScroll: true }); }
        remember(true);
        version = data.version;
        const current = document.querySelector("nav a[aria-current] b");
        if (current) current.textContent = data.counts.reduce((sum, c) => sum + c.count, 0);
        if (open) show(open, false);
      }
      times();
    } catch { by("lost").hidden = false; }
  };
  const meters = (data) => {
    const rate = data.rate;
    if (rate) {
      const part = rate.limit ? rate.used / rate.limit : 1;
      by("rate").dataset.level = part >= 1 ? "full" : part >= 0.8 ? "high" : "";
      by("rate").querySelector("i").style.width = Math.min(100, part * 100) + "%";
      by("rate").querySelector("span").textContent = `API ${rate.used} / ${rate.limit}` + (rate.used ? ` · ${Math.ceil(rate.reset_in_ms / 1000)} s` : "") + (rate.refused ? ` · ${rate.refused} refused` : "");
    }
    const bad = data.webhooks.filter((hook) => hook.status !== "active");
    by("hooks").hidden = data.webhooks.length === 0;
    by("hooks").className = "badge" + (bad.some((h) => h.status === "suspended") ? " bad" : bad.length ? " warn" : "");
    by("hooks").textContent = bad.length ? `webhook ${bad[0].status}` : `${data.webhooks.length} webhook${data.webhooks.length > 1 ? "s" : ""} active`;
    by("hooks").title = data.webhooks.map((h) => `${h.endpoint} (${h.status}, ${h.fail_count} lost)`).join("\n");
    by("faults").hidden = data.faults === 0;
    by("faults").textContent = `${data.faults} fault${data.faults > 1 ? "s" : ""} on`;
  };

  const move = async (id, status) => {
    try { await call("POST", `/_sim/tasks/${id}/status`, { status }); toast(`Moved to ${status}`); }
    catch (error) { toast(error.message); }
    await refresh();
  };
  main.addEventListener("dragstart", (event) => {
    const card = event.target.closest(".card");
    if (!card) return;
    dragged = card.dataset.id;
    event.dataTransfer.setData("text/plain", dragged);
    event.dataTransfer.effectAllowed = "move";
    card.classList.add("dragging");
  });
  main.addEventListener("dragend", () => {
    dragged = null;
    main.querySelectorAll(".dragging, .over").forEach((e) => e.classList.remove("dragging", "over"));
  });
  main.addEventListener("dragover", (event) => {
    const column = event.target.closest(".column");
    if (!column || !dragged) return;
    event.preventDefault();
    main.querySelectorAll(".over").forEach((e) => e !== column && e.classList.remove("over"));
    column.classList.add("over");
  });
  main.addEventListener("drop", (event) => {
    const column = event.target.closest(".column");
    const id = dragged || event.dataTransfer.getData("text/plain");
    dragged = null;
    main.querySelectorAll(".over").forEach((e) => e.classList.remove("over"));
    if (!column || !id) return;
    event.preventDefault();
    const card = main.querySelector(`[data-id="${CSS.escape(id)}"]`);
    if (card && card.closest(".column") === column) return;
    if (card) { column.querySelector(".cards").prepend(card); card.classList.remove("dragging"); }
    move(id, column.dataset.status);
  });
  main.addEventListener("click", (event) => { const card = event.target.closest(".card"); if (card) show(card.dataset.id, true); });
  main.addEventListener("keydown", (event) => { if (event.key === "Enter" && event.target.matches(".card")) show(event.target.dataset.id, true); });

  const element = (tag, text, className) => { const e = document.createElement(tag); if (text !== undefined) e.textContent = text; if (className) e.className = className; return e; };
  const when = (ms) => (ms ? new Date(Number(ms)).toLocaleString() : "–");
  const edit = async (change) => {
    by("task-error").hidden = true;
    try { await call("POST", `/_sim/tasks/${open}`, change); await refresh(); await show(open, false, true); }
    catch (error) { by("task-error").textContent = error.message; by("task-error").hidden = false; }
  };

  const show = async (id, fresh, force) => {
    let data;
    try { data = await call("GET", `/_sim/tasks/${id}`); }
    catch (error) { if (dialog.open) dialog.close(); toast(error.message === "no such id" || error.message === "Task not found" ? "This task is gone" : error.message); return; }
    const task = data.task;
    open = id;
    by("task-id").textContent = id;
    by("task-raw").href = `/_sim/tasks/${id}`;
    const busy = dialog.contains(document.activeElement) && /^(INPUT|TEXTAREA|H2)$/.test(document.activeElement.tagName);
    if (!busy || fresh || force) {
      by("task-name").textContent = task.name;
      by("task-text").value = task.markdown_description || "";
      by("task-text").dataset.was = by("task-text").value;
      by("task-text").dataset.rich = task.markdown_description !== task.description;
      by("save-text").hidden = true;
      fields(task);
    }
    by("task-status").replaceChildren(...[...main.querySelectorAll(".column")].map((c) => new Option(c.dataset.status, c.dataset.status, false, c.dataset.status === task.status.status)));
    by("task-priority").value = task.priority ? task.priority.id : "";
    by("task-times").textContent = `created ${when(task.date_created)} by ${task.creator ? task.creator.username : "?"} · changed ${when(task.date_updated)}`;
    by("task-comments").replaceChildren(...data.comments.map((c) => { const e = element("p", c.comment_text, "comment"); e.prepend(element("small", `${c.user ? c.user.username : "?"} · ${when(c.date)}`)); return e; }));
    by("task-activity").replaceChildren(...data.activity.slice().reverse().map((a) => {
      const e = element("li", `${a.username} ${a.text} `);
      if (a.source) e.append(element("em", a.source), " ");
      e.append(element("small", ago(a.at) === "now" ? "just now" : ago(a.at) + " ago"));
      return e;
    }));
    if (fresh && !dialog.open) { by("task-error").hidden = true; dialog.showModal(); by("task-status").focus(); history.replaceState(null, "", "#" + id); }
  };
  const fields = (task) => {
    const rows = task.custom_fields.map((field) => {
      const label = element("label", field.name);
      let input;
      if (field.type === "drop_down") {
        input = element("select");
        input.append(new Option("–", ""));
        field.type_config.options.forEach((o) => input.append(new Option(o.name, o.id, false, field.value === o.orderindex)));
        input.onchange = () => edit({ custom_fields: { [field.id]: input.value || null } });
      } else if (["short_text", "text", "email", "phone", "url", "number", "currency"].includes(field.type)) {
        input = element("input");
        input.value = field.value === undefined || field.value === null ? "" : field.value;
        const numeric = field.type === "number" || field.type === "currency";
        input.onchange = () => edit({ custom_fields: { [field.id]: input.value === "" ? null : numeric ? Number(input.value) : input.value } });
      } else {
        input = element("span", field.value === undefined ? "–" : typeof field.value === "object" ? JSON.stringify(field.value) : String(field.value));
      }
      label.append(input);
      return label;
    });
    by("task-fields").replaceChildren(...rows);
  };

  by("task-status").onchange = () => edit({ status: by("task-status").value });
  by("task-priority").onchange = () => edit({ priority: by("task-priority").value ? Number(by("task-priority").value) : null });
  by("task-name").onkeydown = (event) => { if (event.key === "Enter") { event.preventDefault(); by("task-name").blur(); } };
  by("task-name").onblur = () => { const name = by("task-name").textContent.trim(); if (open && name) edit({ name }); };
  by("task-text").oninput = () => { by("save-text").hidden = by("task-text").value === by("task-text").dataset.was; };
  by("save-text").onclick = () => {
    const { value, dataset } = by("task-text");
    edit(value && dataset.rich === "true" ? { markdown_content: value } : { description: value });
  };
  by("say").onsubmit = async (event) => {
    event.preventDefault();
    const input = by("say").elements.text;
    if (!input.value.trim()) return;
    try { await call("POST", `/_sim/tasks/${open}/comment`, { text: input.value }); input.value = ""; await refresh(); await show(open, false); }
    catch (error) { toast(error.message); }
  };
  by("task-delete").onclick = async () => {
    if (!confirm("Delete this task? ClickUp keeps no trace of it.")) return;
    const id = open;
    dialog.close();
    try { await call("DELETE", `/_sim/tasks/${id}`); toast("Task deleted"); } catch (error) { toast(error.message); }
    await refresh();
  };
  dialog.addEventListener("close", () => { open = null; history.replaceState(null, "", location.pathname); });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });

  remember(false);
  times();
  refresh();
  // A link to a card opens it.
  if (/^#[0-9a-z]+$/.test(location.hash)) show(location.hash.slice(1), true);
  setInterval(() => { if (!document.hidden) refresh(); }, 1000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
})();
