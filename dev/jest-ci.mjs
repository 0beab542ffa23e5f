import { jest } from '@jest/globals';

// Many tests race real processes and signals on a machine that CI shares with others. There a failed test gets one
// more try, and its first failure is printed; on a developer's machine it just fails.
if (process.env['CI'] === 'true') jest.retryTimes(1, { logErrorsBeforeRetry: true });
