/* Keeps one page for the time without a network: the telephone number and what to do.
   It keeps nothing personal: the page is fetched without cookies, and no other page is stored. */
const SHELF = "offline-1";
const PAGE = "/offline/";
const DAY_MS = 24 * 60 * 60 * 1000;

async function keep() {
  const response = await fetch(PAGE, { credentials: "omit", cache: "reload" });
  if (!response.ok) return;
  const shelf = await caches.open(SHELF);
  const text = await response.clone().text();
  const parts = new Set([...text.matchAll(/(?:href|src)="(\/static\/[^"#]+)/g)].map((match) => match[1]));
  await shelf.put(PAGE, response);
  await Promise.all([...parts].map((part) => shelf.add(part).catch(() => undefined)));
}

async function isOld() {
  const kept = await caches.match(PAGE);
  return !kept || Date.now() - Date.parse(kept.headers.get("date") || 0) > DAY_MS;
}

async function navigate(event) {
  try {
    const response = await fetch(event.request);
    event.waitUntil(isOld().then((old) => (old ? keep() : undefined)).catch(() => undefined));
    return response;
  } catch (problem) {
    const kept = await caches.match(PAGE);
    if (kept) return kept;
    throw problem;
  }
}

self.addEventListener("install", (event) => event.waitUntil(keep().then(() => self.skipWaiting())));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin) return;
  if (event.request.mode === "navigate") event.respondWith(navigate(event));
  else if (url.pathname.startsWith("/static/")) {
    event.respondWith(fetch(event.request).catch(async (problem) => (await caches.match(event.request)) || Promise.reject(problem)));
  }
});
