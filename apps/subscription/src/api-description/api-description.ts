import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { ApiError, asyncApi, openApi } from '@postduif/contracts';

const { resolve } = createRequire(import.meta.url);
const { version } = JSON.parse(readFileSync(resolve('@postduif/subscription/package.json'), 'utf8')) as {
  version: string;
};

/** A file that the page needs. */
export interface PageFile {
  readonly type: 'text/css' | 'text/javascript';
  readonly text: string;
}

const START = `SwaggerUIBundle({ url: '/v1/openapi.json', dom_id: '#api', deepLinking: true, validatorUrl: null });\n`;

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Postduif API</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/docs/swagger-ui.css">
  </head>
  <body>
    <div id="api"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;

/** The documents that describe the API, and a page that shows one of them without anything from elsewhere. */
export class ApiDescription {
  /** As the header `Content-Security-Policy` says it. */
  readonly policy =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'";
  readonly page = PAGE;
  readonly openApi = openApi(version);
  readonly asyncApi: ReturnType<typeof asyncApi>;
  readonly #files: ReadonlyMap<string, PageFile> = new Map([
    ['swagger-ui.css', installed('swagger-ui.css', 'text/css')],
    ['swagger-ui-bundle.js', installed('swagger-ui-bundle.js', 'text/javascript')],
    ['start.js', { type: 'text/javascript', text: START }],
  ]);

  /** @param topicPrefix of the installation's topics */
  constructor(topicPrefix: string) {
    this.asyncApi = asyncApi(version, topicPrefix);
  }

  /** Throws `not_found` when the page has no such file. */
  file(name: string): PageFile {
    const file = this.#files.get(name);
    if (file === undefined) throw new ApiError('not_found');
    return file;
  }
}

function installed(name: string, type: PageFile['type']): PageFile {
  return { type, text: readFileSync(resolve(`@fastify/swagger-ui/static/${name}`), 'utf8') };
}
