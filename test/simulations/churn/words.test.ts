/** Words of churn: distributions, classes and traces are read, and what is wrong with them is said. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { readClasses } from '../../../simulations/churn/classes.js'
import { readDuration, readStay } from '../../../simulations/churn/durations.js'
import { parseSamples, parseTrace } from '../../../simulations/churn/trace.js'
import { TorrewindError } from '../../../src/errors.js'

const read = (word: string) => readDuration('sessions', word, new Map())

const refuses = (code: string, message: RegExp, run: () => unknown): void => {
  try {
    run()
  } catch (error) {
    if (!(error instanceof TorrewindError)) throw error
    assert.is(error.code, code)
    assert.match(error.message, message)
    return
  }
  assert.unreachable(`${message} was not thrown`)
}

test('durations: every kind is read', () => {
  assert.equal(read('forever'), { type: 'forever' })
  assert.equal(read('0'), { type: 'fixed', seconds: 0 })
  assert.equal(read('12.5'), { type: 'fixed', seconds: 12.5 })
  assert.equal(read('exponential:40'), { type: 'exponential', mean: 40 })
  assert.equal(read('weibull:17754,0.66'), { type: 'weibull', scale: 17_754, shape: 0.66 })
  assert.equal(read('weibull:t3-05'), { type: 'weibull', scale: 295.93 * 60, shape: 0.66 })
  assert.equal(read('lognormal:120,1.6'), { type: 'lognormal', median: 120, sigma: 1.6 })
  assert.equal(read('pareto:30,1.2'), { type: 'pareto', scale: 30, shape: 1.2 })
  assert.equal(readStay('seedStay', 'session', new Map()), { type: 'session' })
})

test('durations: what cannot be one is refused, with what it takes', () => {
  const wrong = [
    '',
    'x',
    '-1',
    '1e10',
    'NaN',
    'Infinity',
    'exponential',
    'exponential:',
    'exponential:0',
    'exponential:1,2',
  ]
  wrong.push('weibull:1', 'weibull:1,0', 'weibull:1,2,3', 'weibull:1,1000', 'pareto:0,1', 'lognormal:1,-1', 'session')
  wrong.push('forever:1', '5:5', 'toString:1', 'exponential:1e999')
  for (const word of wrong)
    refuses('OPTION_INVALID', /^sessions cannot be ".*": it is forever, SECONDS/, () => read(word))
  refuses('OPTION_INVALID', /weibull:NAME takes t3-05, t5-05/, () => read('weibull:suprnova'))
  refuses('OPTION_INVALID', /names the file "a.csv", and no file can be read here/, () => read('trace:a.csv'))
})

test('classes: shares and rates are read', () => {
  assert.equal(readClasses('classes', ''), [])
  assert.equal(readClasses('classes', 'dsl:0.75:65536:524288+fibre:0.25:1e6:0'), [
    { name: 'dsl', share: 0.75, uploadRate: 65_536, downloadRate: 524_288 },
    { name: 'fibre', share: 0.25, uploadRate: 1_000_000, downloadRate: 0 },
  ])
})

test('classes: what cannot be one is refused', () => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    ['dsl', /"dsl" is none/],
    ['dsl:1:2', /is none/],
    ['dsl:1:2:3:4', /is none/],
    ['dsl:1:-2:3', /is none/],
    ['dsl:1:2.5:3', /is none/],
    [':1:2:3', /is none/],
    ['dsl:0.5:2:3', /add up to 0.5/],
    ['dsl:0.5:2:3+', /"" is none/],
    ['dsl:0.5:2:3+dsl:0.5:4:5', /another name/],
  ]
  for (const [text, message] of wrong) refuses('OPTION_INVALID', message, () => readClasses('classes', text))
})

test('traces: lines are read in the order of arrival, whatever stands between them', () => {
  const text = '\uFEFFarrival,session\r\n# a comment\r\n5,100\r\n\r\n0.5;20\n 7 \n6\t30\n8,\n'
  assert.equal(parseTrace(text, 't.csv'), [
    { arrivalSeconds: 0.5, sessionSeconds: 20 },
    { arrivalSeconds: 5, sessionSeconds: 100 },
    { arrivalSeconds: 6, sessionSeconds: 30 },
    { arrivalSeconds: 7 },
    { arrivalSeconds: 8 },
  ])
  assert.equal(parseSamples('seconds\n10\n20\n', 's.csv'), [10, 20])
})

test('traces: what is wrong with one is said with the number of its line', () => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    ['', /t.csv has no line that says anything/],
    ['# nothing\n', /no line/],
    ['arrival,session\n', /no line/],
    ['1,2\nx,2\n', /^t.csv, line 2: "x,2" is not ARRIVAL,SESSION/],
    ['a,b\nc,d\n1,2\n', /line 2: "c,d"/],
    ['1,2,3\n', /line 1/],
    ['1,-2\n', /line 1/],
    ['1e9,2\n', /line 1/],
    [',2\n', /line 1/],
    ['1,2\n1,NaN', /line 2/],
    [`1,${'9'.repeat(400)}`, /line 1: "1,9{38}\.\.\."/],
    ['0\n'.repeat(100_001), /line 100001: a trace has 100000 peers at most/],
  ]
  for (const [text, message] of wrong) refuses('TRACE_INVALID', message, () => parseTrace(text, 't.csv'))
  refuses('TRACE_INVALID', /line 1: "1,2" is not a number of seconds/, () => parseSamples('1,2', 's.csv'))
})

test.run()
