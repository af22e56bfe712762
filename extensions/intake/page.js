// Shows what the intake received. Everything is set as text, never as markup: what came may say anything.
const KINDS = {
  "datadog/logs": { name: "Datadog logs", line: (log) => `${log.status ?? ""} ${log.service ?? ""}: ${log.message}` },
  "datadog/series": { name: "Datadog series", line: (series) => `${series.metric} = ${series.points.at(-1)?.value}` },
  "sentry/events": { name: "Sentry issues", line: (event) => `${event.level}: ${title(event)}` },
  "sentry/logs": { name: "Sentry logs", line: (log) => `${log.level}: ${log.body}` },
};
const SHOWN = 200;
let shown = "datadog/logs";

function title(event) {
  const last = event.exception?.values?.at(-1);
  return last ? `${last.type ?? ""}: ${last.value ?? ""}` : (event.logentry?.formatted ?? event.message ?? event.event_id);
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

async function show() {
  const entries = await (await fetch(`/intake/${shown}`)).json();
  const rows = entries.slice(0, SHOWN).map((entry) => {
    const row = document.createElement("details");
    row.append(element("summary", KINDS[shown].line(entry)), element("pre", JSON.stringify(entry, null, 2)));
    return row;
  });
  const open = document.querySelector("details[open]");
  if (!open) document.getElementById("entries").replaceChildren(...(rows.length ? rows : [element("p", "Nothing yet.")]));
}

for (const [kind, { name }] of Object.entries(KINDS)) {
  const button = element("button", name);
  button.addEventListener("click", () => {
    shown = kind;
    document.querySelectorAll("nav button").forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
    document.getElementById("entries").replaceChildren();
    show();
  });
  button.setAttribute("aria-pressed", String(kind === shown));
  document.getElementById("kinds").append(button);
}
document.getElementById("forget").addEventListener("click", () => fetch("/intake", { method: "DELETE" }).then(show));
show();
setInterval(show, 2000);
