import { expect, test } from '@jest/globals';

import { html } from '../../src/pages/html.js';

test('escapes every value, in text and in attributes', () => {
  const evil = `"><script>alert('x')</script>&`;
  expect(html`<a title="${evil}">${evil}</a>`.text).toBe(
    '<a title="&#34;&#62;&#60;script&#62;alert(&#39;x&#39;)&#60;/script&#62;&#38;">&#34;&#62;&#60;script&#62;alert(&#39;x&#39;)&#60;/script&#62;&#38;</a>',
  );
});

test('keeps markup from other templates, alone and in lists', () => {
  const items = ['a', '<b>'].map((text) => html`<i>${text}</i>`);
  expect(html`<p>${items}</p>`.text).toBe('<p><i>a</i><i>&#60;b&#62;</i></p>');
});

test('renders undefined and false as nothing', () => {
  expect(html`a${undefined}b${false}c${0}`.text).toBe('abc0');
});
