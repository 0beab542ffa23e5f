import helmet from 'helmet';

/** The pages run their own script and style from this server alone, and show pictures that are inside the page. */
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
  // The service speaks plain HTTP; whatever ends TLS in front of it decides this.
  strictTransportSecurity: false,
});
