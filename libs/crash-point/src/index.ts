export { armedCrashPoint, crashPoint } from './crash-point.ts';
