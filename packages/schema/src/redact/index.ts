export { compileRedactor, type Redactor, type RedactStrategy } from './redactor.ts';
