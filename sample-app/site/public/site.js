// The page: logs what happens here, and shows what the server's handlers have made of it.
const SHOWN = 50;

const list = document.querySelector('#handled');
const connection = document.querySelector('#connection');

eventLog.log('site.PageView', { path: location.pathname });
for (const button of document.querySelectorAll('[data-cheer]')) {
  button.addEventListener('click', () => eventLog.log('site.Cheer', { kind: button.dataset.cheer }));
}

const source = new EventSource('/site/handled');
source.addEventListener('open', () => {
  connection.textContent = '';
  void showTotals();
});
source.addEventListener('message', ({ data }) => {
  show(JSON.parse(data));
  void showTotals();
});
source.addEventListener('error', () => {
  connection.textContent = 'The server is away. What you do meanwhile is kept and sent later.';
});

function show({ group, data, occurredAt, handler, outcome }) {
  document.querySelector('#empty').hidden = true;
  const row = document.createElement('li');
  const time = document.createElement('time');
  time.dateTime = occurredAt;
  time.textContent = new Date(occurredAt).toLocaleTimeString();
  row.append(time, textIn('strong', group), textIn('span', Object.values(data ?? {}).join(', ')));
  row.append(textIn('small', outcome === 'succeeded' ? `handled by ${handler}` : `${handler}: ${outcome}`));
  list.prepend(row);
  while (list.children.length > SHOWN) list.lastElementChild.remove();
}

function textIn(tag, text) {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}

async function showTotals() {
  try {
    const response = await fetch('/site/tallies');
    for (const { name, total } of await response.json()) {
      const place = document.querySelector(`[data-total="${CSS.escape(name)}"]`);
      if (place) place.textContent = total;
    }
  } catch {
    // The stream tells when the server is back.
  }
}
