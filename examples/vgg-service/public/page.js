// JavaScript adds a preview, drag and drop, paste, sample photos on a click, and a state that follows the model.
// Without it, the form works as plain HTML.
document.documentElement.classList.add('js');

const form = document.querySelector('form[enctype]');
if (form instanceof HTMLFormElement) enhance(form);
followState();

/** @param {HTMLFormElement} form */
function enhance(form) {
  const drop = form.querySelector('.drop');
  const input = form.querySelector('#file');
  const url = form.querySelector('#url');
  const preview = form.querySelector('.preview');
  const error = form.querySelector('.error');
  const button = form.querySelector('button');

  const show = () => {
    if (preview.src) URL.revokeObjectURL(preview.src);
    const [file] = input.files;
    preview.hidden = !file;
    error.hidden = true;
    if (file) {
      preview.src = URL.createObjectURL(file);
      url.value = '';
    } else {
      preview.removeAttribute('src');
    }
  };
  /** @param {File | undefined} file */
  const choose = (file) => {
    if (!file) return;
    const transfer = new DataTransfer();
    transfer.items.add(file);
    input.files = transfer.files;
    show();
  };
  /** @param {string} text */
  const complain = (text) => {
    error.textContent = text;
    error.hidden = false;
  };

  input.addEventListener('change', show);
  // Browsers cannot show TIFF. Hide the preview instead of a broken picture.
  preview.addEventListener('error', () => (preview.hidden = true));
  url.addEventListener('input', () => {
    if (url.value === '' || input.files.length === 0) return;
    input.value = '';
    show();
  });

  document.addEventListener('dragover', (event) => {
    event.preventDefault();
    drop.classList.add('over');
  });
  document.addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) drop.classList.remove('over');
  });
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    drop.classList.remove('over');
    const [file] = event.dataTransfer.files;
    const address = event.dataTransfer
      .getData('text/uri-list')
      .split('\n')
      .find((line) => !line.startsWith('#'));
    if (file) choose(file);
    else if (address) {
      input.value = '';
      show();
      url.value = address.trim();
    }
  });
  document.addEventListener('paste', (event) => choose(event.clipboardData?.files[0]));

  for (const link of document.querySelectorAll('[data-sample]')) {
    link.addEventListener('click', async (event) => {
      event.preventDefault();
      try {
        const response = await fetch(link.href);
        if (!response.ok) throw new Error(`${response.status}`);
        const bytes = await response.blob();
        choose(new File([bytes], link.dataset.sample, { type: bytes.type }));
        form.requestSubmit();
      } catch {
        complain('The sample photo could not be loaded. Try again.');
      }
    });
  }

  form.addEventListener('submit', () => {
    button.disabled = true;
    button.textContent = 'Classifying…';
  });
  // The Back button may restore the page with the button disabled.
  window.addEventListener('pageshow', () => {
    button.disabled = false;
    button.textContent = 'Classify';
  });
}

/** Reloads the page when the model becomes ready. */
function followState() {
  const state = document.querySelector('.state');
  if (!state || state.dataset.state === 'ready') return;
  const timer = setInterval(async () => {
    const answer = await fetch('/health/ready').catch(() => undefined);
    if (!answer?.ok) return;
    clearInterval(timer);
    // Do not reload an answer: the browser would send the POST again.
    if (document.querySelector('.result') === null) location.reload();
  }, 2000);
}
