import { setTimeout as sleep } from 'node:timers/promises'
import { ScripError } from '../../sdk/errors/ScripError.ts'
import type { Publication } from './publications.ts'

/** A service that compiles published sources again and shows them beside the code on chain. */
export type Publisher = {
  name: string
  /** Publishes, waits for the service's own check, and returns its verdict. @throws ScripError `VERIFICATION_FAILED` */
  publish: (publication: Publication) => Promise<string>
}

/** How long a request, and how long a service's check, may take, in milliseconds. */
const requestTimeout = 30_000
const checkTimeout = 120_000

/** Sourcify, by the second version of its API. */
export function sourcify(url: string): Publisher {
  const name = 'Sourcify'
  return {
    name,
    async publish(publication) {
      const { chainId, address } = publication
      const { status, body } = await request(name, `${url}/v2/verify/${chainId}/${address}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(sourcifyBody(publication)),
      })
      if (status === 409) return 'published already'
      if (status !== 202) throw refused(name, status, body['message'])
      return poll(name, 1_000, async () => {
        const job = await request(name, `${url}/v2/verify/${body['verificationId']}`)
        if (job.status !== 200) throw refused(name, job.status, job.body['message'])
        if (job.body['isJobCompleted'] !== true) return undefined
        const { match } = (job.body['contract'] ?? {}) as { match?: unknown }
        if (typeof match === 'string') return match
        throw refused(name, job.status, ((job.body['error'] ?? {}) as { message?: unknown }).message)
      })
    },
  }
}

/** What Sourcify is sent. */
export function sourcifyBody({ input, compilerVersion, identifier }: Publication) {
  return { stdJsonInput: input, compilerVersion, contractIdentifier: identifier }
}

/** Etherscan, by the second version of its API, which serves every chain under one key. */
export function etherscan(url: string, key: string): Publisher {
  const name = 'Etherscan'
  const ask = async (chainId: number, action: string, form: Record<string, string>) => {
    const { status, body } = await request(name, `${url}?chainid=${chainId}`, {
      method: 'POST',
      body: new URLSearchParams({ module: 'contract', action, apikey: key, ...form }),
    })
    if (status !== 200) throw refused(name, status, body['result'])
    return { accepted: body['status'] === '1', result: String(body['result']) }
  }
  return {
    name,
    async publish(publication) {
      const { chainId } = publication
      const sent = await ask(chainId, 'verifysourcecode', {
        ...etherscanForm(publication),
        sourceCode: JSON.stringify(publication.input),
      })
      if (/already verified/i.test(sent.result)) return 'published already'
      if (!sent.accepted) throw refused(name, 200, sent.result)
      return poll(name, 3_000, async () => {
        const check = await ask(chainId, 'checkverifystatus', { guid: sent.result })
        if (/pending|in progress/i.test(check.result)) return undefined
        if (check.accepted || /already verified/i.test(check.result)) return check.result
        throw refused(name, 200, check.result)
      })
    },
  }
}

/** What Etherscan is sent besides the sources and the key. */
export function etherscanForm(publication: Publication): Record<string, string> {
  const constructorArguments = publication.constructorArguments.slice(2)
  return {
    contractaddress: publication.address,
    contractname: publication.identifier,
    codeformat: 'solidity-standard-json-input',
    compilerversion: `v${publication.compilerVersion}`,
    constructorArguments,
    // The name by which explorers knew the field before Etherscan corrected its spelling.
    constructorArguements: constructorArguments,
  }
}

/** Asks until there is an answer. */
async function poll(name: string, interval: number, ask: () => Promise<string | undefined>): Promise<string> {
  const deadline = Date.now() + checkTimeout
  while (Date.now() < deadline) {
    const answer = await ask()
    if (answer !== undefined) return answer
    await sleep(interval)
  }
  throw new ScripError('VERIFICATION_FAILED', { detail: `${name} did not finish within ${checkTimeout / 1000} s.` })
}

async function request(
  name: string,
  url: string,
  options: RequestInit = {},
): Promise<{ status: number; body: Record<string, unknown> }> {
  try {
    const response = await fetch(url, { ...options, signal: AbortSignal.timeout(requestTimeout) })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  } catch (cause) {
    const { origin } = new URL(url)
    throw new ScripError('VERIFICATION_FAILED', { detail: `${name} does not answer at ${origin}.`, cause })
  }
}

function refused(name: string, status: number, reason: unknown): ScripError {
  return new ScripError('VERIFICATION_FAILED', {
    detail: `${name} refuses: ${typeof reason === 'string' ? reason : `HTTP status ${status}`}`,
  })
}
