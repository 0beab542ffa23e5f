import { jest } from '@jest/globals';

// Many tests race real processes and signals, and CI may share its machine with others. So on CI a failed test gets one
// more try, and its first failure is printed. On a developer's machine it fails at once.
if (process.env['CI'] === 'true') jest.retryTimes(1, { logErrorsBeforeRetry: true });
