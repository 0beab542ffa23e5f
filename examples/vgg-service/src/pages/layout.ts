import { type Content, type Html, html } from './html.js';

/** Puts the content of a page into the common frame. */
export function layout({ title, body }: { title: string; body: Content }): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/assets/style.css" />
        <script src="/assets/page.js" type="module"></script>
      </head>
      <body>
        <header class="top">
          <a class="brand" href="/"
            ><img src="/assets/icon.svg" alt="" width="28" height="28" />vgg-service</a
          >
          <nav aria-label="Pages"><a href="/vgg">Classify</a><a href="/">Endpoints</a></nav>
        </header>
        <main>${body}</main>
        <footer>
          <p>
            The web server answers here; the model computes in a process of its own, behind
            <code>@dual/broker</code>.
          </p>
        </footer>
      </body>
    </html> `;
}
