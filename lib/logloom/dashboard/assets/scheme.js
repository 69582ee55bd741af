// Before anything is painted: light or dark as chosen last, else as the system says. Loaded in the head, so that
// a dark page never flashes white.
(function () {
  'use strict';
  let scheme = null;
  try { scheme = window.localStorage.getItem('mantine-color-scheme-value'); } catch (e) { /* private window */ }
  if (scheme !== 'light' && scheme !== 'dark') {
    scheme = window.matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  }
  document.documentElement.setAttribute('data-mantine-color-scheme', scheme);
})();
