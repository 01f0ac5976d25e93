import { Ajv2020 } from 'ajv/dist/2020.js';

interface Described {
  readonly headers: Readonly<Record<string, object>>;
  readonly content?: Readonly<Record<string, object>>;
}

interface Document {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { responses: Readonly<Record<string, Described>> }>>>
  >;
}

const ID = 'document';

/** Compares answers with the document that describes them. */
export class DescribedAnswers {
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });

  constructor(private readonly document: Document) {
    this.#ajv.addSchema({ $id: ID, ...document });
  }

  /** What is not as it is described, in sentences. */
  async differences(method: string, path: string, response: Response): Promise<string[]> {
    const answer = this.document.paths[path]?.[method.toLowerCase()]?.responses[response.status];
    if (answer === undefined) return [`${method} ${path} has no answer ${response.status}`];
    const [type = ''] = (response.headers.get('content-type') ?? '').split(';');
    if (answer.content === undefined) {
      const text = await response.text();
      return text === '' ? [] : [`${method} ${path} should have no body`];
    }
    if (!(type in answer.content)) return [`${method} ${path} answers ${type}`];
    const pointer = [
      'paths',
      path,
      method.toLowerCase(),
      'responses',
      String(response.status),
      'content',
      type,
      'schema',
    ];
    const validate = this.#ajv.getSchema(`${ID}#/${pointer.map(escaped).join('/')}`);
    if (validate === undefined) return [`${method} ${path} has no schema`];
    const body: unknown = type.endsWith('json') ? await response.json() : await response.text();
    return validate(body) === true
      ? []
      : (validate.errors ?? []).map(({ instancePath, message = '' }) => `${instancePath} ${message}`);
  }
}

/** In a JSON pointer that is a fragment. */
function escaped(part: string): string {
  return encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'));
}
