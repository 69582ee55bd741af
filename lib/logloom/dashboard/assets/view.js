// The filters: controls → one view (the store that all panels listen to) → the URL, and back.
// All of it runs in the browser: the URL is written by history.pushState, never through a Dash component, which
// would take a shared link for a change of its own.
(function () {
  'use strict';

  const LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARNING', 'ERROR', 'FATAL'];
  const STATUS = ['2xx', '3xx', '4xx', '5xx'];
  const HOURS = {'1h': 1, '6h': 6, '24h': 24, '7d': 168, '30d': 720, '90d': 2160};
  const COLUMNS = ['source', 'http_response_status_code', 'http_request_method', 'url_path', 'client_address',
    'user_agent_original', 'http_request_header_referer', 'service_name', 'format', 'log_file_path',
    'message_pattern', 'path_pattern'];
  const TIME = /^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2})?$/;

  const setProps = (id, props) => window.dash_clientside.set_props(id, props);
  const noUpdate = () => window.dash_clientside.no_update;
  const triggered = () => window.dash_clientside.callback_context.triggered.map(t => t.prop_id.split('.')[0]);

  // --- times: UTC texts "YYYY-MM-DD HH:MM:SS" ---------------------------------------------------------------
  const parseTime = text => Date.parse(text.replace(' ', 'T') + 'Z');
  const formatTime = millis => new Date(millis).toISOString().slice(0, 19).replace('T', ' ');
  const wholeTime = text => (text && TIME.test(text) ? (text.replace('T', ' ') + ':00').slice(0, 19) : null);

  function rangeOf(preset, extent) {
    // Ranges end with the newest event, so that "last 24 hours" of old logs is not empty.
    const end = parseTime(extent.end);
    const start = preset === 'all' ? parseTime(extent.start) : Math.max(end - HOURS[preset] * 3600e3, 0);
    return [formatTime(start), formatTime(end)];
  }

  // --- URL ------------------------------------------------------------------------------------------------
  function readUrl() {
    const query = new URLSearchParams(window.location.search);
    const state = {
      range: null, from: wholeTime(query.get('from')), to: wholeTime(query.get('to')),
      levels: LEVELS, sources: query.getAll('source').slice(0, 50), status: [],
      text: (query.get('q') || '').slice(0, 500), regex: query.get('regex') === '1',
      chosen: {include: [], exclude: []},
    };
    if (state.from && state.to) state.range = 'custom';
    else if (query.get('range') === 'all' || query.get('range') in HOURS) state.range = query.get('range');
    if (query.has('levels')) state.levels = LEVELS.filter(l => query.get('levels').split(',').includes(l));
    if (query.has('status')) state.status = STATUS.filter(s => query.get('status').split(',').includes(s));
    for (const [key, value] of query) {
      const [kind, column] = [key.slice(0, 3), key.slice(3)];
      if ((kind === 'is.' || kind === 'no.') && COLUMNS.includes(column)) {
        state.chosen[kind === 'is.' ? 'include' : 'exclude'].push([column, value === '' ? null : value]);
      }
    }
    return state;
  }

  function writeUrl(state, replace) {
    const query = new URLSearchParams();
    if (state.range === 'custom') { query.set('from', state.from); query.set('to', state.to); }
    else if (state.range && state.range !== state.usual) query.set('range', state.range);
    if (state.levels.length !== LEVELS.length) query.set('levels', LEVELS.filter(l => state.levels.includes(l)).join(','));
    for (const source of state.sources) query.append('source', source);
    if (state.status.length) query.set('status', state.status.join(','));
    if (state.text) query.set('q', state.text);
    if (state.regex) query.set('regex', '1');
    for (const [column, value] of state.chosen.include) query.append('is.' + column, value === null ? '' : value);
    for (const [column, value] of state.chosen.exclude) query.append('no.' + column, value === null ? '' : value);
    const search = query.toString();
    const url = window.location.pathname + (search ? '?' + search : '') + window.location.hash;
    if (url === window.location.pathname + window.location.search + window.location.hash) return;
    window.history[replace ? 'replaceState' : 'pushState'](null, '', url);
  }

  // Going back and forward puts the controls to what the URL says; they make the view of it.
  window.addEventListener('popstate', () => setProps('address', {data: {...readUrl(), at: Date.now()}}));

  let chosenNow = {include: [], exclude: []};

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    logloom: {
      // At load, and when the user goes back or resets: all controls at once, as the URL (or the state) says.
      restore: function (address) {
        const s = address || readUrl();
        return [s.levels, s.sources, s.status, s.text, s.regex, s.chosen,
          {range: s.range, from: s.from, to: s.to, at: s.at || 0, push: s.push || false}];
      },

      // Any control → the view. Range, from and until are its own outputs too: one sets the others.
      view: function (range, from, to, levels, sources, status, text, regex, chosen, restored, extent) {
        const quiet = noUpdate();
        if (!extent) return [quiet, quiet, quiet, quiet];
        if (extent.trouble) return [{trouble: extent.trouble}, quiet, quiet, quiet];
        const by = triggered();
        const first = range === null || range === undefined || by.length > 3;
        const usual = extent.usual;
        if (first || by.includes('restored')) {
          range = restored.range || usual;
          from = restored.from;
          to = restored.to;
        } else if ((by.includes('from') || by.includes('to')) && from && to) {
          range = 'custom';
        }
        if (range !== 'custom') [from, to] = rangeOf(range, extent);
        from = wholeTime(from) || rangeOf('all', extent)[0];
        to = wholeTime(to) || rangeOf('all', extent)[1];
        chosenNow = chosen;
        writeUrl({range, from, to, levels, sources, status, text, regex, chosen, usual},
          first || (by.includes('restored') && !restored.push));
        const view = {
          start: from, end: to, levels, sources, status_classes: status, text: text || '', regex: !!regex,
          include: chosen.include, exclude: chosen.exclude, asked: extent.asked,
        };
        return [view, range, from, to];
      },

      // What there is, where the page did not come with it or it changed since. Set from here and not as an output:
      // the view would wait for the query that it comes from.
      loaded: function (loaded, extent) {
        if (loaded && JSON.stringify(loaded) !== JSON.stringify(extent)) setProps('extent', {data: loaded});
        return noUpdate();
      },

      // A new view begins at its first page.
      page: function (view, older, newer, page, nextKey) {
        const by = triggered();
        if (!view) return noUpdate();
        const keys = (page && page.keys) || [];
        if (by.includes('older') && nextKey) return {keys: keys.concat([nextKey]), n: Date.now()};
        if (by.includes('newer')) return {keys: keys.slice(0, -1), n: Date.now()};
        return {keys: [], n: Date.now()};
      },

      reset: function (clicks) {
        if (!clicks) return noUpdate();
        setProps('address', {data: {levels: LEVELS, sources: [], status: [], text: '', regex: false,
          chosen: {include: [], exclude: []}, range: null, from: null, to: null, at: Date.now(), push: true}});
        return noUpdate();
      },

      // Brush to zoom: a range drawn on a chart becomes the range of everything.
      zoom: function (relayout, view) {
        if (!relayout || !view || !view.start) return noUpdate();
        const a = relayout['xaxis.range[0]'], b = relayout['xaxis.range[1]'];
        if (!a || !b) return noUpdate();
        const whole = text => Date.parse(String(text).slice(0, 19).replace(' ', 'T') + 'Z');
        const start = Math.floor(whole(a) / 60e3) * 60e3;
        const end = Math.max(Math.ceil(whole(b) / 60e3) * 60e3, start + 60e3);
        if (formatTime(start) === view.start && formatTime(end) === view.end) return noUpdate();
        setProps('restored', {data: {
          range: 'custom', from: formatTime(start), to: formatTime(end), at: Date.now(), push: true}});
        return noUpdate();
      },

      // A row opens at once, its fields come when Athena has answered.
      openEvent: function (rows) {
        if (!rows || !rows.length) return [noUpdate(), noUpdate(), noUpdate()];
        return [true, rows[0].key, null];
      },

      closeEvent: opened => (opened ? noUpdate() : []),

      copyLink: function (clicks) {
        if (clicks) copy(window.location.href, document.getElementById('copy-link'));
        return noUpdate();
      },

      scheme: function (clicks) {
        if (!clicks) return noUpdate();
        const root = document.documentElement;
        const next = root.getAttribute('data-mantine-color-scheme') === 'dark' ? 'light' : 'dark';
        root.setAttribute('data-mantine-color-scheme', next);
        try { window.localStorage.setItem('mantine-color-scheme-value', next); } catch (e) { /* private window */ }
        return noUpdate();
      },
    },
  });

  // --- what pages of rows and lists carry: buttons that filter, and that copy -----------------------------
  function toggleFilter([kind, column, value]) {
    if (!COLUMNS.includes(column) || !(kind in {include: 1, exclude: 1, remove: 1})) return;
    const next = {include: [], exclude: []};
    for (const side of ['include', 'exclude']) {
      next[side] = chosenNow[side].filter(([c, v]) => !(c === column && v === value));
    }
    if (kind !== 'remove') next[kind].push([column, value]);
    setProps('chosen', {data: next});
  }

  function copy(text, button) {
    const done = () => {
      button.classList.add('copied');
      window.setTimeout(() => button.classList.remove('copied'), 1200);
    };
    if (navigator.clipboard) navigator.clipboard.writeText(text).then(done);
    else { // not a secure context: behind a proxy by http
      const area = document.createElement('textarea');
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand('copy');
      area.remove();
      done();
    }
  }

  document.addEventListener('click', function (event) {
    const filter = event.target.closest('[data-filter]');
    if (filter) toggleFilter(JSON.parse(filter.dataset.filter));
    const rejects = event.target.closest('[data-rejects]');
    if (rejects) {
      setProps('rejects-body', {children: null});
      setProps('rejects-of', {data: {source: rejects.dataset.rejects, at: Date.now()}});
      setProps('rejects', {opened: true});
    }
    const copied = event.target.closest('[data-copy]');
    if (copied) copy(copied.dataset.copy, copied);
    // A query's card closes with a click elsewhere.
    for (const open of document.querySelectorAll('.note details[open]')) {
      if (!open.contains(event.target)) open.removeAttribute('open');
    }
  });
  document.addEventListener('keydown', function (event) {
    if (event.key !== 'Escape') return;
    for (const open of document.querySelectorAll('.note details[open]')) {
      open.removeAttribute('open');
      open.querySelector('summary').focus();
    }
  });
})();
