"use strict";
(() => {
  const list = document.body.dataset.list;
  const main = document.getElementById("columns");
  const dialog = document.getElementById("task");
  const by = (id) => document.getElementById(id);
  let version = Number(document.body.dataset.version);
  let people = [], lists = [], task = null;
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
  let skew = 0;
  const times = () => {
    main.querySelectorAll(".card").forEach((card) => { card.querySelector(".ago").textContent = ago(Number(card.dataset.updated) - skew); });
    main.querySelectorAll(".due").forEach((due) => {
      const at = Number(due.dataset.due);
      due.querySelector("time").textContent = new Date(at).toLocaleDateString(undefined, { day: "numeric", month: "short" });
      due.classList.toggle("late", at < Date.now() + skew);
    });
    filter();
  };
  const filter = () => {
    const words = by("find").value.trim().toLowerCase();
    main.querySelectorAll(".card").forEach((card) => card.classList.toggle("away", words !== "" && !card.textContent.toLowerCase().includes(words)));
  };
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
      skew = data.now - Date.now();
      people = data.people;
      lists = data.lists;
      meters(data);
      traffic(data);
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
      by("rate-text").textContent = `API ${rate.used} / ${rate.limit}` + (rate.used ? ` · ${Math.ceil(rate.reset_in_ms / 1000)} s` : "") + (rate.refused ? ` · ${rate.refused} refused` : "");
    }
    const bad = data.webhooks.filter((hook) => hook.status !== "active");
    by("hooks").hidden = data.webhooks.length === 0;
    by("hooks").className = "badge" + (bad.some((h) => h.status === "suspended") ? " bad" : bad.length ? " warn" : "");
    by("hooks").textContent = bad.length ? `webhook ${bad[0].status}` : `${data.webhooks.length} webhook${data.webhooks.length > 1 ? "s" : ""} active`;
    by("hooks").title = data.webhooks.map((h) => `${h.endpoint} (${h.status}, ${h.fail_count} lost)`).join("\n");
    by("faults").hidden = data.faults === 0;
    by("faults").textContent = `${data.faults} fault${data.faults > 1 ? "s" : ""} on`;
    const weather = by("weather");
    weather.toggleAttribute("data-on", data.faults > 0);
    if (data.faults === 0) weather.value = "fine";
    else if (weather.value === "fine") weather.value = "custom";
  };

  const traffic = (data) => {
    const most = Math.max(4, ...data.minute);
    by("spark").replaceChildren(...data.minute.map((n) => { const e = element("b"); e.style.height = (n / most) * 100 + "%"; return e; }));
    by("clock").hidden = !data.virtual;
    const sum = data.minute.reduce((a, b) => a + b, 0);
    by("per-minute").textContent = `${sum} in the last minute`;
    if (by("traffic").hidden) return;
    by("calls").replaceChildren(...data.calls.map((c) => {
      const e = element("li", undefined, "s" + (c.status ? Math.floor(c.status / 100) : 0));
      const path = element("span", c.path.replace("/api", ""));
      path.title = c.path;
      e.append(element("small", c.method), path, element("span", c.status || "none", "code"), element("small", c.ms + " ms"));
      if (c.fault) e.append(element("em", "fault: " + c.fault));
      return e;
    }));
  };
  const skies = {
    fine: null,
    slow: [{ kind: "delay", ms: 2000 }],
    errors: [{ kind: "status", status: 500, probability: 0.34 }],
    lost: [{ match: { method: "POST", route: "/api/v2/list/{id}/task" }, kind: "succeed_then_error", status: 504 }],
    limited: [{ kind: "status", status: 429, retry_after: 5 }],
    down: [{ kind: "refuse" }],
  };
  by("weather").onchange = async () => {
    const sky = skies[by("weather").value];
    try {
      await call("DELETE", "/_sim/faults");
      if (sky) await call("POST", "/_sim/faults", { faults: sky });
      toast(sky ? "The API has trouble now" : "The API is fine again");
    } catch (error) { toast(error.message); }
    await refresh();
  };
  by("rate").onclick = () => {
    by("traffic").hidden = !by("traffic").hidden;
    by("rate").setAttribute("aria-expanded", String(!by("traffic").hidden));
    refresh();
  };
  by("find").oninput = filter;
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !dialog.open && !/^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName)) { event.preventDefault(); by("find").focus(); }
  });

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
  main.addEventListener("click", async (event) => {
    const add = event.target.closest(".add");
    if (!add) return;
    const name = prompt("Name of the new task");
    if (!name || !name.trim()) return;
    try { const made = await call("POST", `/_sim/lists/${list}/tasks`, { name, status: add.closest(".column").dataset.status }); await refresh(); await show(made.id, true); }
    catch (error) { toast(error.message); }
  });
  main.addEventListener("click", (event) => { const card = event.target.closest(".card"); if (card) show(card.dataset.id, true); });
  // Cards are moved by keyboard too.
  main.addEventListener("keydown", (event) => {
    if (!event.altKey || !event.target.matches(".card") || !/^Arrow(Left|Right)$/.test(event.key)) return;
    event.preventDefault();
    const columns = [...main.querySelectorAll(".column")];
    const next = columns[columns.indexOf(event.target.closest(".column")) + (event.key === "ArrowLeft" ? -1 : 1)];
    if (next) move(event.target.dataset.id, next.dataset.status);
  });
  main.addEventListener("keydown", (event) => { if (event.key === "Enter" && event.target.matches(".card")) show(event.target.dataset.id, true); });

  const element = (tag, text, className) => { const e = document.createElement(tag); if (text !== undefined) e.textContent = text; if (className) e.className = className; return e; };
  const face = (who) => { const known = people.find((p) => p.name === who) || { initials: "?", color: "#98a0b3", name: who }; const e = element("span", known.initials, "face"); e.style.background = known.color; e.title = known.name; return e; };
  const size = (n) => (n < 1024 ? n + " B" : n < 1048576 ? (n / 1024).toFixed(1) + " kB" : (n / 1048576).toFixed(1) + " MB");
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
    task = data.task;
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
    by("task-list").replaceChildren(...lists.map((l) => new Option(l.name, l.id, false, l.id === task.list.id)));
    if (document.activeElement !== by("task-due")) by("task-due").value = task.due_date ? new Date(Number(task.due_date)).toISOString().slice(0, 10) : "";
    by("task-people").replaceChildren(...people.map((p) => {
      const on = task.assignees.some((a) => a.id === p.id), e = element("button", p.initials);
      e.type = "button"; e.title = p.name; e.style.background = p.color;
      e.setAttribute("aria-pressed", String(on));
      e.onclick = () => edit({ assignees: on ? { add: [], rem: [p.id] } : { add: [p.id], rem: [] } });
      return e;
    }));
    by("task-tags").replaceChildren(...task.tags.map((t) => element("span", t.name, "tag")));
    by("task-steps").replaceChildren(...task.checklists.flatMap((c) => {
      const track = element("div", undefined, "track"), done = element("i");
      done.style.width = (c.resolved / Math.max(1, c.resolved + c.unresolved)) * 100 + "%";
      track.append(done);
      return [element("h3", `${c.name} · ${c.resolved}/${c.resolved + c.unresolved}`), track, ...c.items.map((i) => element("div", i.name, "step" + (i.resolved ? " done" : "")))];
    }));
    by("task-files").replaceChildren(...task.attachments.map((f) => {
      const e = element("a", f.title);
      e.href = f.url; e.target = "_blank"; e.rel = "noopener";
      e.append(element("small", `${size(f.size)} · ${f.user ? f.user.username : "?"}`));
      return e;
    }));
    by("task-comments").replaceChildren(...data.comments.map((c) => { const e = element("div", undefined, "comment"), who = c.user ? c.user.username : "?"; e.append(face(who), element("small", `${who} · ${when(c.date)}`), element("span", c.comment_text)); return e; }));
    by("task-activity").replaceChildren(...data.activity.slice().reverse().map((a) => {
      const e = element("li", `${a.username || "An automation"} ${a.text} `);
      if (a.source) e.append(element("em", a.source), " ");
      e.append(element("small", ago(a.at - skew) === "now" ? "just now" : ago(a.at - skew) + " ago"));
      return e;
    }));
    if (fresh && !dialog.open) { by("task-error").hidden = true; dialog.showModal(); by("task-status").focus(); history.replaceState(null, "", "#" + id); }
  };
  const plain = (field) => {
    const value = field.value, names = (all) => all.map((v) => v.username || v.name || v.title || v.label || v.id || v).join(", ") || "–";
    if (value === undefined || value === null) return "–";
    if (field.type === "date") return new Date(Number(value)).toLocaleDateString();
    if (field.type === "checkbox") return value === "true" ? "yes" : "no";
    if (field.type === "emoji") return "★".repeat(Number(value)) || "0";
    if (field.type === "labels") return names(value.map((id) => field.type_config.options.find((o) => o.id === id) || id));
    if (Array.isArray(value)) return names(value);
    if (field.type === "location") return value.formatted_address || `${value.location.lat}, ${value.location.lng}`;
    if (field.type.endsWith("progress")) return `${value.percent_completed ?? value.percent_complete} %`;
    return typeof value === "object" ? JSON.stringify(value) : String(value);
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
        input = element("span", plain(field));
      }
      if (field.type === "text" || field.type === "location") label.className = "wide";
      label.append(input);
      return label;
    });
    by("task-fields").replaceChildren(...rows);
  };

  by("task-status").onchange = () => edit({ status: by("task-status").value });
  by("task-priority").onchange = () => edit({ priority: by("task-priority").value ? Number(by("task-priority").value) : null });
  // Noon of the day, so that no time zone takes it to the day before.
  by("task-due").onchange = () => edit({ due_date: by("task-due").value ? Date.parse(by("task-due").value + "T12:00:00") : null });
  by("task-list").onchange = async () => {
    try { await call("POST", `/_sim/tasks/${open}/move`, { list: by("task-list").value }); dialog.close(); toast("Moved to another list"); }
    catch (error) { by("task-error").textContent = error.message; by("task-error").hidden = false; by("task-list").value = task.list.id; }
    await refresh();
  };
  const attach = async (file) => {
    if (!file) return;
    const answer = await fetch(`/_sim/tasks/${open}/attachments?name=${encodeURIComponent(file.name)}`, { method: "POST", headers: { "content-type": file.type || "application/octet-stream" }, body: file });
    toast(answer.ok ? `Attached ${file.name}` : "The file was not taken");
    await refresh(); await show(open, false);
  };
  by("file").onchange = () => { attach(by("file").files[0]); by("file").value = ""; };
  by("drop").ondragover = (event) => { event.preventDefault(); by("drop").classList.add("over"); };
  by("drop").ondragleave = () => by("drop").classList.remove("over");
  by("drop").ondrop = (event) => { event.preventDefault(); by("drop").classList.remove("over"); attach(event.dataTransfer.files[0]); };
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
