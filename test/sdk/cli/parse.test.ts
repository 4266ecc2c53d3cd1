import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import {
  parseAddress,
  parseAmount,
  parseBytes,
  parseContent,
  parseFee,
  parseTime,
  parseUrl,
  parseWhole,
} from '../../../sdk/cli/parse.ts'
import { codeOf, refusal } from '../errors/support/refusal.ts'

describe('parseAmount', () => {
  it('takes amounts in the currency’s own unit', () => {
    const amounts = ['1', '0.000001', '12.5', '007', '79228162514264337593543.950335'].map((text) =>
      parseAmount(text, 6),
    )
    expect(amounts).to.deep.equal([1_000_000n, 1n, 12_500_000n, 7_000_000n, 2n ** 96n - 1n])
    expect(parseAmount('3', 0)).to.equal(3n)
  })

  it('refuses everything else', async () => {
    const wrong = ['0', '0.0', '-1', '+1', '1e3', '0x10', '1,5', '1.', '.5', '', ' 1', '1 ', 'NaN', 'Infinity', '١']
    for (const text of [...wrong, '0.0000001', '79228162514264337593543.950336', `1${'0'.repeat(200)}`]) {
      expect(await codeOf(() => parseAmount(text, 6)), text).to.equal('INVALID_ARGUMENT')
    }
    expect(await codeOf(() => parseAmount('1.5', 0))).to.equal('INVALID_ARGUMENT')
  })

  it('says which one and how it should look', async () => {
    const { message, hint, values } = await refusal(() => parseAmount('-1', 6, 'price'))
    expect(message).to.equal('price is no amount of this currency: -1.')
    expect(hint).to.equal('Give a number above 0 with at most 6 decimals, as in 12.5.')
    expect(values).to.deep.equal({ price: '-1', decimals: 6 })
  })
})

describe('parseFee', () => {
  it('takes nothing for an amount, too', async () => {
    expect(parseFee('0', 6, 'fee-flat')).to.equal(0n)
    expect(await codeOf(() => parseFee('-0', 6, 'fee-flat'))).to.equal('INVALID_ARGUMENT')
  })
})

describe('parseWhole', () => {
  it('takes whole numbers up to the most', async () => {
    expect([parseWhole('0', 'port', 65_535), parseWhole('65535', 'port', 65_535)]).to.deep.equal([0, 65_535])
    for (const text of ['65536', '-1', '1.0', '1e2', '', ' 1', 'x']) {
      expect(await codeOf(() => parseWhole(text, 'port', 65_535)), text).to.equal('INVALID_ARGUMENT')
    }
    expect(await codeOf(() => parseWhole(`${2 ** 53}`, 'network'))).to.equal('INVALID_ARGUMENT')
  })
})

describe('parseAddress', () => {
  it('takes an address however it is written, and writes it with its checksum', async () => {
    const address = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8'
    expect(parseAddress(address.toLowerCase(), 'to')).to.equal(address)
    for (const text of [address.slice(0, -1), address.slice(2), 'claire.eth', '']) {
      expect(await codeOf(() => parseAddress(text, 'to')), text).to.equal('INVALID_ARGUMENT')
    }
  })
})

describe('parseUrl', () => {
  it('takes addresses of the web, and repeats no other: it may hold a secret', async () => {
    expect(parseUrl('https://peer.example/a?b', 'url').href).to.equal('https://peer.example/a?b')
    for (const text of ['rpc.example/v2/secret', 'ftp://peer/secret', '', 'http://']) {
      const error = await refusal(() => parseUrl(text, 'rpc'))
      expect(error.code).to.equal('INVALID_ARGUMENT')
      expect(JSON.stringify(error.toProblem())).not.to.contain('secret')
    }
  })
})

describe('parseContent', () => {
  it('hashes text, and what is in a file, and takes a hash for what it is', () => {
    const hash = '0x1c8aff950685c2ed4bc3174f3472287b56d9517b9c948127319a09a7a36deac8'
    const file = fileURLToPath(new URL('../../../package.json', import.meta.url))
    expect(parseContent('hello', 'terms')).to.equal(hash)
    expect(parseContent(hash.toUpperCase().replace('X', 'x'), 'terms')).to.equal(hash)
    expect(parseContent(`@${file}`, 'terms'))
      .to.match(/^0x[0-9a-f]{64}$/)
      .and.not.to.equal(parseContent(file, 'terms'))
  })

  it('refuses nothing, half a hash, and a file that is not there', async () => {
    for (const text of ['', '0x', '0x12', `0x${'0'.repeat(63)}`, `0X${'0'.repeat(65)}`]) {
      expect(await codeOf(() => parseContent(text, 'terms')), text).to.equal('INVALID_ARGUMENT')
    }
    for (const text of ['@', '@none.txt', '@.']) {
      expect(await codeOf(() => parseContent(text, 'terms')), text).to.equal('FILE_NOT_FOUND')
    }
  })
})

describe('parseBytes', () => {
  it('takes bytes in the units that people use', () => {
    const sizes = ['1', '4096', '1KB', '1.5GB', '512MiB', '2tib', '10b'].map((text) => parseBytes(text, 'capacity'))
    expect(sizes).to.deep.equal([1, 4_096, 1_000, 1_500_000_000, 512 * 2 ** 20, 2 * 2 ** 40, 10])
  })

  it('refuses everything else', async () => {
    for (const text of ['', '0', '-1', 'GB', '1 GB', '1PB', '1e9', '0.5', '9999999999TB', '1.0001KB']) {
      expect(await codeOf(() => parseBytes(text, 'capacity')), text).to.equal('INVALID_ARGUMENT')
    }
  })
})

describe('parseTime', () => {
  it('takes seconds, minutes, hours and days', () => {
    expect(['90s', '5m', '12h', '14d'].map((text) => parseTime(text, 'for'))).to.deep.equal([
      90,
      300,
      43_200,
      14 * 86_400,
    ])
  })

  it('refuses everything else', async () => {
    for (const text of ['', '14', 'd', '0d', '-1d', '1.5h', '1w', '99999999999s']) {
      expect(await codeOf(() => parseTime(text, 'for')), text).to.equal('INVALID_ARGUMENT')
    }
  })
})
