/**
 * What a page can do besides being read: filter its long tables, sort the table of nodes, open what a link points into, open everything for
 * paper. Without it nothing is missing. It is written without `<` and `&`, so that the page is XML as well as HTML.
 */
export const SCRIPT = `
(function () {
  var box = document.getElementById('find');
  var rows = Array.from(document.querySelectorAll('table.finds tbody tr'));
  var table = document.getElementById('node-table');
  function holds(text, words) {
    return words.every(function (word) { return text.includes(word); });
  }
  // Of a row that lists many nodes only those are left that fit, with what the row says of all of them.
  function narrow(row, words) {
    var parts = Array.from(row.querySelectorAll('li'));
    var said = Array.from(row.cells).map(function (cell) { return cell.querySelector('li') ? '' : cell.textContent; }).join(' ').toLowerCase();
    var whole = holds(said, words);
    var found = 0;
    parts.forEach(function (part) {
      part.hidden = !whole ? !holds(said + ' ' + part.textContent.toLowerCase(), words) : false;
      if (!part.hidden) found += 1;
    });
    row.querySelectorAll('details').forEach(function (fold) { fold.open = words.length !== 0 ? !whole : false; });
    return parts.length === 0 ? holds(row.textContent.toLowerCase(), words) : whole || found !== 0;
  }
  function filter(words) {
    var shown = 0;
    rows.forEach(function (row) {
      var fits = narrow(row, words);
      row.hidden = !fits;
      if (fits) shown += 1;
    });
    document.querySelectorAll('section').forEach(function (section) {
      var lists = section.querySelectorAll('table.finds');
      if (lists.length === 0 || section.contains(box)) return;
      section.hidden = !section.querySelector('table.finds tbody tr:not([hidden])');
    });
    return shown;
  }
  function addFilter() {
    var label = document.createElement('label');
    var input = document.createElement('input');
    var count = document.createElement('span');
    input.type = 'search';
    input.placeholder = box.dataset.example;
    label.append('Find ', input);
    count.className = 'aside';
    count.setAttribute('role', 'status');
    input.addEventListener('input', function () {
      var words = input.value.toLowerCase().split(/\\s+/).filter(Boolean);
      var shown = filter(words);
      count.textContent = words.length === 0 ? '' : shown + ' of ' + rows.length + ' rows';
    });
    box.append(label, count);
  }
  function value(row, index) {
    return row.cells[index].textContent.trim();
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
      head.addEventListener('keydown', function (event) {
        if (event.key !== 'Enter' ? event.key !== ' ' : false) return;
        event.preventDefault();
        sort(head, index);
      });
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
  if (box) addFilter();
  if (table) addSorting();
  window.addEventListener('hashchange', openTarget);
  window.addEventListener('beforeprint', openForPaper);
  openTarget();
})();
`;
