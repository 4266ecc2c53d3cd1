import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'

/** An answer, and the body of the request where it was read. */
export type SeenAnswer = {
  readonly method: string
  readonly path: string
  readonly asked?: string
  readonly status: number
  readonly type: string
  readonly body: string
}

type Operation = { responses: Record<string, { content: Record<string, unknown> }> }
type Description = {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, unknown> }
}

const ID = 'https://gateway.example/openapi.json'

/**
 * Holds answers against an OpenAPI 3.1 document with a stock validator: what is wrong with one, or nothing. Answers to paths
 * and methods that the document does not know must be problems; what is answered with success must be asked as described.
 */
export function conformance(document: object): (answer: SeenAnswer) => string | undefined {
  const { paths, components } = document as Description
  const ajv = new Ajv2020({ strict: true, allErrors: true })
  formats.default(ajv)
  // All of the document is one schema to the validator, in which references find their way, and OpenAPI's words say nothing.
  ajv.addVocabulary(Object.keys(document))
  ajv.addSchema({ ...document, $id: ID }, undefined, undefined, false)
  const validator = (...place: string[]) => {
    const pointer = place.map((step) => encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1')))
    const validate = ajv.getSchema(`${ID}#/${pointer.join('/')}`)
    if (validate === undefined) throw new Error(`The description has no schema at ${place.join(' ')}`)
    return (body: string) => (validate(JSON.parse(body)) ? undefined : `${ajv.errorsText(validate.errors)}\n${body}`)
  }
  // Strict mode refuses what it does not know; every schema is compiled, whether an answer uses it or not.
  for (const name of Object.keys(components.schemas)) validator('components', 'schemas', name)

  return ({ method, path, asked, status, type, body }) => {
    const seen = `${method} ${path} → ${status} ${type}`
    const template = Object.keys(paths).find((one) => matches(one, path)) ?? ''
    const verb = method.toLowerCase()
    const operation = paths[template]?.[verb]
    if (operation === undefined) return say(seen, validator('components', 'schemas', 'Problem')(body))
    const response = operation.responses[status]
    if (response === undefined) return `${seen}: the status is not described`
    if (response.content[type] === undefined) return `${seen}: the type is not described`
    const request = ['paths', template, verb, 'requestBody', 'content', 'application/json', 'schema']
    if (status === 200 && asked !== undefined) {
      const wrong = validator(...request)(asked)
      if (wrong !== undefined) return say(`${seen}, but the request`, wrong)
    }
    return say(seen, validator('paths', template, verb, 'responses', `${status}`, 'content', type, 'schema')(body))
  }
}

function say(seen: string, wrong: string | undefined): string | undefined {
  return wrong === undefined ? undefined : `${seen}: ${wrong}`
}

function matches(template: string, path: string): boolean {
  return new RegExp(`^${template.replace(/\{[^}]+\}/g, '[^/]+')}$`).test(path)
}
