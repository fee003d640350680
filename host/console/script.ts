/**
 * The only script. On the login page it goes on to the pages of a session that this browser has. On others it fetches the page it is on again and puts the new live parts in place of the old ones: those with `data-live`, by their id. It
 * changes nothing at the server, and without it everything works by reloading. While it gets no answer the page says how old it is.
 */
export const SCRIPT = `'use strict';
(async () => {
  const KEY = 'cellblock-console';
  const { room } = document.body.dataset;
  const wanted = document.querySelector('form[action$="/login"] input[name="next"]');
  try {
    // Storage is for this origin, port and all, and a session's path is of use only with its cookie.
    if (room) localStorage.setItem(KEY, room);
    const known = room ? undefined : localStorage.getItem(KEY);
    if (!wanted || !known || !/^[/A-Za-z0-9_-]+$/.test(known) || document.querySelector('[role="alert"]')) return;
    const answer = await fetch(known, { redirect: 'manual', credentials: 'same-origin' });
    if (answer.ok) location.replace(known + wanted.value);
    else localStorage.removeItem(KEY);
  } catch {
    // Without storage the link is opened by hand.
  }
})();
(() => {
  const every = Number(document.body.dataset.every);
  const stale = document.getElementById('stale');
  if (!every || !stale) return;
  let fresh = Date.now();
  let timer;
  const say = (text) => {
    if (stale.textContent !== text) stale.textContent = text;
    document.body.classList.toggle('is-stale', text !== '');
  };
  const put = (page) => {
    for (const part of document.querySelectorAll('[data-live]')) {
      const next = page.getElementById(part.id);
      if (!next || next.innerHTML === part.innerHTML) continue;
      const active = part.contains(document.activeElement) ? document.activeElement : undefined;
      const href = active && active.getAttribute('href');
      const open = new Set([...part.querySelectorAll('details[open][id]')].map((one) => one.id));
      const at = [...part.querySelectorAll('.scroll')].map((one) => one.scrollLeft);
      part.replaceChildren(...document.importNode(next, true).childNodes);
      for (const one of part.querySelectorAll('details[id]')) if (open.has(one.id)) one.open = true;
      part.querySelectorAll('.scroll').forEach((one, index) => { one.scrollLeft = at[index] || 0; });
      if (!active) continue;
      const back = [...part.querySelectorAll('a[href]')].find((one) => one.getAttribute('href') === href);
      (back || part.querySelector('.scroll') || part).focus({ preventScroll: true });
    }
    const time = page.querySelector('footer time');
    const old = document.querySelector('footer time');
    if (time && old) old.replaceWith(document.importNode(time, true));
  };
  const look = async () => {
    try {
      const ended = AbortSignal.timeout(Math.max(every, 5000));
      const answer = await fetch(location.href, { redirect: 'manual', credentials: 'same-origin', signal: ended });
      if (answer.type === 'opaqueredirect') {
        say('You are logged out, so this page no longer changes. Reload it to log in.');
        return false;
      }
      if (!answer.ok) throw new Error('no page');
      put(new DOMParser().parseFromString(await answer.text(), 'text/html'));
      fresh = Date.now();
      say('');
    } catch {
      say('This page is stale: there was no answer for ' + Math.round((Date.now() - fresh) / 1000) + ' s. Trying again.');
    }
    return true;
  };
  const next = () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const selecting = String(getSelection()) !== '';
      if (document.hidden || selecting || (await look())) next();
    }, every);
  };
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) void look().then((on) => on && next());
  });
  next();
})();
`;
