import helmet from 'helmet';

/** Allows pages only the scripts and styles of this server, and images from this server or inside the page. */
export const securityHeaders = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'", 'data:', 'blob:'],
      connectSrc: ["'self'"],
      formAction: ["'self'"],
      baseUri: ["'none'"],
      frameAncestors: ["'none'"],
    },
  },
  // The service speaks plain HTTP. The proxy that ends TLS sets this header.
  strictTransportSecurity: false,
});
