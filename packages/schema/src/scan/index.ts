export { DocumentScanner, SlotKind } from './document-scanner.ts';
export { allowsAnything, anyValue, bothRules, noValue, propertyRule, type Rule } from './rule.ts';
export { ruleFromSchema } from './rule-from-schema.ts';
export { ruleFromShape } from './rule-from-shape.ts';
