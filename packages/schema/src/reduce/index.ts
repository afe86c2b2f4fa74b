export { applyMergePatch, composeMergePatches } from './merge-patch.ts';
export { compileReducer, type Reduced, type Reducer } from './reducer.ts';
