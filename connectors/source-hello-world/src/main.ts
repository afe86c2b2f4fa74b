import { runCapture } from '@weir/capture';
import { helloWorld } from './hello-world.ts';

await runCapture(helloWorld);
