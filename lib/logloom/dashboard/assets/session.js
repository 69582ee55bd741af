// A session that has ended while the page was open: its next question is answered with 401, and the page goes to the
// login, from where it comes back to the same view.
(function () {
  'use strict';
  const ask = window.fetch.bind(window);
  let leaving = false;
  window.fetch = async function (...question) {
    const answer = await ask(...question);
    if (answer.status !== 401 || new URL(answer.url).origin !== window.location.origin) return answer;
    if (!leaving) window.location.reload(); // the server knows the way to its login, with the filters
    leaving = true;
    return new Promise(() => {}); // the page goes; nobody is told of an error meanwhile
  };
})();
