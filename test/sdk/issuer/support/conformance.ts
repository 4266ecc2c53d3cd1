import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'

/** What an answer is held against its description by. */
export type SeenAnswer = {
  readonly method: string
  readonly path: string
  readonly status: number
  readonly type: string
  readonly body: string
}

type Description = {
  paths: Record<string, Record<string, { responses: Record<string, { content: Record<string, { schema: object }> }> }>>
  components: { schemas: Record<string, object> }
}

/**
 * Holds answers against an OpenAPI 3.1 document: what is wrong with one, or nothing. Answers to paths and methods that the
 * document does not know must be problems.
 */
export function conformance(document: unknown): (answer: SeenAnswer) => string | undefined {
  const { paths, components } = document as Description
  const ajv = new Ajv2020({ strict: true, allErrors: true })
  for (const [name, schema] of Object.entries(components.schemas)) ajv.addSchema(byName(schema), name)
  // Strict mode refuses what it does not know; every schema is compiled, whether an answer uses it or not.
  for (const name of Object.keys(components.schemas)) ajv.compile({ $ref: name })
  const compiled = new Map<object, ValidateFunction>()
  const validator = (schema: object): ValidateFunction => {
    const known = compiled.get(schema) ?? ajv.compile(byName(schema))
    compiled.set(schema, known)
    return known
  }

  return ({ method, path, status, type, body }) => {
    const operation = Object.entries(paths).find(([template]) => matches(template, path))?.[1]
    const described = operation?.[method.toLowerCase()]
    const response = described?.responses[status]
    const place = `${method} ${path} → ${status} ${type}`
    if (described !== undefined && response === undefined) return `${place}: the status is not described`
    const schema = response?.content[type]?.schema
    if (response !== undefined && schema === undefined) return `${place}: the type is not described`
    const validate = validator(schema ?? { $ref: '#/components/schemas/Problem' })
    if (validate(JSON.parse(body))) return undefined
    return `${place}: ${ajv.errorsText(validate.errors)}\n${body}`
  }
}

function matches(template: string, path: string): boolean {
  return new RegExp(`^${template.replace(/\{[^}]+\}/g, '[^/]+')}$`).test(path)
}

/** A schema whose references are the names of schemas. */
function byName(schema: object): object {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/components/schemas/', '"'))
}
