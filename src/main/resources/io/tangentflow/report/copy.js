for (const button of document.querySelectorAll('button.copy')) {
  button.hidden = false;
  button.addEventListener('click', async () => {
    const csv = button.parentElement.querySelector('pre');
    const said = button.nextElementSibling;
    try {
      await navigator.clipboard.writeText(csv.textContent);
      said.textContent = 'copied';
    } catch {
      csv.closest('details').open = true;
      getSelection().selectAllChildren(csv);
      said.textContent = 'selected: copy with Ctrl+C or ⌘C';
    }
  });
}
