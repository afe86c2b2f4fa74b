// Imported before everything else in a process or a thread, for its effect: modules of this project are found quickly.

import { registerHooks, type ResolveFnOutput } from 'node:module';
import { isOwnPackage, ownSource } from './own-source.ts';

/** Packages of the project, which are the same for each of its modules. */
const packages = new Map<string, ResolveFnOutput>();

registerHooks({
  resolve(specifier, context, nextResolve) {
    const url = ownSource(specifier, context.parentURL);
    if (url !== undefined) return { url, format: 'module-typescript', shortCircuit: true };
    if (!isOwnPackage(specifier, context.parentURL)) return nextResolve(specifier, context);
    const known = packages.get(specifier);
    if (known !== undefined) return { ...known, shortCircuit: true };
    const found = nextResolve(specifier, context);
    packages.set(specifier, found);
    return found;
  },
});
