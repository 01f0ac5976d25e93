import { _, Name } from 'ajv';
import type { CodeKeywordDefinition } from 'ajv';

/** ajv looks names up in an object of those that were evaluated. That has `constructor` and the like by itself, unless it inherits nothing. */
export function unevaluatedProperties(ajvs: CodeKeywordDefinition): CodeKeywordDefinition {
  return {
    ...ajvs,
    code: (context, ruleType) => {
      const { gen, it } = context;
      const { props } = it;
      if (props instanceof Name)
        gen.if(_`typeof ${props} == "object"`, () => gen.code(_`Object.setPrototypeOf(${props}, null)`));
      ajvs.code(context, ruleType);
    },
  };
}
