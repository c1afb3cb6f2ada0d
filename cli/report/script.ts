/**
 * What the report can do besides being read: filter and sort the table of nodes, open what a link points into, open everything for paper.
 * Without it nothing is missing. It is written without `<` and `&`, so that the page is XML as well as HTML.
 */
export const SCRIPT = `
(function () {
  var table = document.getElementById('node-table');
  var rows = table ? Array.from(table.tBodies[0].rows) : [];
  function filter(words) {
    var shown = 0;
    rows.forEach(function (row) {
      var text = row.textContent.toLowerCase();
      var fits = words.every(function (word) { return text.includes(word); });
      row.hidden = !fits;
      if (fits) shown += 1;
    });
    return shown;
  }
  function addFilter() {
    var label = document.createElement('label');
    var input = document.createElement('input');
    var count = document.createElement('span');
    label.className = 'screen';
    input.type = 'search';
    input.placeholder = 'Filter: production failed eu-west-1';
    input.setAttribute('aria-label', 'Filter the nodes');
    count.className = 'aside';
    input.addEventListener('input', function () {
      var words = input.value.toLowerCase().split(/\\s+/).filter(Boolean);
      count.textContent = '  ' + filter(words) + ' of ' + rows.length;
    });
    label.append(input, count);
    table.parentNode.before(label);
  }
  function value(row, index) {
    var cell = row.cells[index];
    return cell.dataset.sort || cell.textContent.trim();
  }
  function sort(head, index) {
    var down = head.getAttribute('aria-sort') === 'ascending';
    Array.from(head.parentNode.cells).forEach(function (cell) { cell.removeAttribute('aria-sort'); });
    head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
    rows.sort(function (a, b) { return value(a, index).localeCompare(value(b, index), 'en', { numeric: true }) * (down ? -1 : 1); });
    table.tBodies[0].append.apply(table.tBodies[0], rows);
  }
  // The heads themselves are pressed: with buttons in them, Chrome does not repeat the heads on each printed page.
  function addSorting() {
    Array.from(table.tHead.rows[0].cells).forEach(function (head, index) {
      head.tabIndex = 0;
      head.className += ' sortable';
      head.title = 'Sort';
      head.addEventListener('click', function () { sort(head, index); });
      head.addEventListener('keydown', function (event) { if (event.key === 'Enter') sort(head, index); });
    });
  }
  function openTarget() {
    var target = document.getElementById(location.hash.slice(1));
    var closed = target ? target.closest('details') : null;
    if (closed) closed.open = true;
    if (target) target.hidden = false;
  }
  function openForPaper() {
    document.querySelectorAll('details.print').forEach(function (part) { part.open = true; });
  }
  if (table) { addFilter(); addSorting(); }
  window.addEventListener('hashchange', openTarget);
  window.addEventListener('beforeprint', openForPaper);
  openTarget();
})();
`;
