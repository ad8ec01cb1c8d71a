---@meta relucid.core
--- What the C module gives, for editors and the reference: objects with their fields and methods.  Nothing here runs.
---
--- Every object has `close()`, which frees it at once (a later use raises "attempt to use a closed ..."); it is also
--- freed when nothing refers to it, or at the end of a scope by `local search <close> = net:search {...}`.  Numbers of
--- layers, neurons, inputs, outputs, rows and regions start at 1.

local core = {}

--- What `require "relucid"` gives, besides the functions below.
---@class relucid
---@field version string
---@field null userdata      stands for JSON's null, and for a free neuron
---@field json table         encode, decode, array, object
---@field property table     argmax, argmin, linear, any, vnnlib
---@field strategy table     every strategy by its name, and the functions of relucid.strategy
---@field plot table         the functions of relucid.plot
---@field result table       the class relucid.Result: relucid.result.read(path), relucid.result.decode(text)
local relucid = {}

-- ---- network ---------------------------------------------------------------------------------------

--- A ReLU network, immutable.
---
---     local net = relucid.load "examples/demo/climb.nnet"
---     print(net.n, net.m, net:eval { 0, 0, 0, 0 }[1])
---@class relucid.network
---@field n integer           number of inputs
---@field m integer           number of outputs
---@field neurons integer     number of hidden neurons
---@field sizes integer[]     neurons by layer, inputs first, outputs last
---@field inputs {name: string, lo: number?, hi: number?}[]  lo, hi: where the file gives an input box
---@field outputs {name: string}[]
---@field named_inputs boolean   somebody gave the inputs names
---@field named_outputs boolean  somebody gave the outputs names
---@field file string         "" where it was made of tables
---@field sha256 string       of the file's bytes; of sizes and weights where there is no file
---@field raw boolean         inputs and outputs are in the .nnet file's physical units
---@field notes string[]      what reading the file has dropped or rounded
local network = {}

--- Outputs, evaluated in floating point.  One list of numbers, or a list of such lists or relucid.data for many.
---@param x number[]|number[][]|relucid.data
---@return number[]|number[][] y
function network:eval(x) end

--- Rigorous bounds of the outputs at x, in exact arithmetic.
---@param x number[]
---@return number[] lower
---@return number[] upper
function network:eval_bounds(x) end

--- The full decision pattern of x: on where z >= 0.
---@param x number[]
---@return relucid.pattern
function network:pattern(x) end

--- The input box that the file gives; nil where it gives none.
---@return {lo: number[], hi: number[]}|nil
function network:box() end

--- The affine output map y = W x + b of a full pattern, rounded to nearest.
---@param pattern relucid.pattern
---@return {W: number[][], b: number[]}
function network:affine(pattern) end

--- Affine layer k as it is; linear: which neurons have no ReLU, where some have none.
---@param k integer
---@return {W: number[][], b: number[], linear: boolean[]?}
function network:layer(k) end

--- What each affine layer is made of: rows, columns, weights that are not zero, whether it is kept sparse, and how many
--- of its neurons have a ReLU and how many have none (0 and 0 for the last one).
---@return {rows: integer, columns: integer, nonzero: integer, sparse: boolean, relu: integer, linear: integer}[]
function network:structure() end

--- A search: is there an input of the domain that obeys the pattern and has the target?  options: search options
--- besides.
---
---     local search = net:search { domain = domain, target = goal:negate(), mode = "find_strict", seconds = 5 }
---     print(search:run()) -- "proved": the goal holds everywhere
---@param options {domain: relucid.domain, target: relucid.property, pattern: relucid.pattern?, mode: string?}  mode:
---               "find" (rows >= 0, default), "find_strict" (rows > 0) or "maximize"
---@return relucid.search
function network:search(options) end

--- A minimisation of a pattern that implies the property on the domain.  options: search options besides.
---@param options {domain: relucid.domain, pattern: relucid.pattern, property: relucid.property, mode: string?,
---               order: integer[]?, point: number[]?}  mode: "prefix" (default), "deletion", "divide"
---@return relucid.minimize
function network:minimize(options) end

--- A stepper to a preimage (see relucid.strategy.preimage).  options: preimage options besides.
---@param options {domain: relucid.domain, property: relucid.property, mode: "under"|"over"|nil}
---@return relucid.preimage
function network:preimage(options) end

--- A stepper through the linear regions, cut to where the property holds.
---@param options {domain: relucid.domain?, property: relucid.property?}  domain: default the box that the file gives
---@return relucid.enumerate
function network:enumerate(options) end

--- A stepper that grows a box around a point by gradient ascent.  options: inflate options besides.
---@param options {domain: relucid.domain, goal: relucid.property, point: number[], weights: number[]?,
---               measure: string?}  measure: "volume" (default), "width" or "least"
---@return relucid.inflate
function network:inflate(options) end

--- Pre-activations and activations of all hidden neurons, rounded to nearest.
---@param x number[]|number[][]|relucid.data
---@return number[][] z  by hidden layer; of several inputs a list of these
---@return number[][] a  likewise
function network:activations(x) end

--- Rigorous ranges of all hidden pre-activations over a domain's box, where its inputs obey a pattern.
---@param options? {domain: relucid.domain?, pattern: relucid.pattern?, method: "tight"|"cheap"|nil}  domain: default
---       the box that the network's file gives, its half-spaces are not used; method: default "tight"
---@return {lo: number[][], hi: number[][]}|nil ranges  by hidden layer; nil: no input obeys the pattern
function network:ranges(options) end

-- ---- pattern ---------------------------------------------------------------------------------------

--- A decision pattern, immutable: which hidden neurons are on (z >= 0), off (z <= 0) or free.  Two are equal by `==`;
--- tostring writes a character for each neuron, `1`, `0` or `-`.
---@class relucid.pattern
local pattern = {}

--- One list for each hidden layer, of 1 (on), 0 (off), relucid.null (free).
---@return any[][]
function pattern:layers() end

--- 1, 0, or nil where the neuron is free.
---@param layer integer
---@param neuron integer
---@return integer|nil
function pattern:get(layer, neuron) end

--- A pattern that differs in one neuron.
---@param layer integer
---@param neuron integer
---@param value integer|nil  1, 0 or nil
---@return relucid.pattern
function pattern:with(layer, neuron, value) end

--- Its first k layers, the rest free.
---@param k integer
---@return relucid.pattern
function pattern:prefix(k) end

--- The number of neurons with a sign.
---@return integer
function pattern:literals() end

--- Are the layers before the last one with a sign full?  Its region is then a polytope.
---@return boolean
function pattern:is_prefix() end

--- The signs in order: {layer, neuron, 1 or 0}.
---@return integer[][]
function pattern:list() end

-- ---- property --------------------------------------------------------------------------------------

--- A property of inputs x and outputs y, immutable: an or of ands of rows a.x + c.y + d >= 0.
---@class relucid.property
---@field n integer|nil  inputs that it is about; nil: any number
---@field m integer      outputs that it is about
local property = {}

--- The largest, over the clauses, of the least row at (x, y): >= 0 where the property holds, but for rounding.
---@param x number[]|nil  nil will do where no row is about inputs
---@param y number[]
---@return number
function property:value(x, y) end

--- The negation; its rows are meant strictly (> 0).
---@return relucid.property
function property:negate() end

--- The rows: a list of clauses, each a list of {a, c, d}.
---@return {a: number[]?, c: number[], d: number}[][]
function property:clauses() end

--- The rows of a property of one clause; raises where there are several.
---@return {a: number[]?, c: number[], d: number}[]
function property:margins() end

-- ---- domain, data ----------------------------------------------------------------------------------

--- The inputs considered, immutable: lo <= x <= hi and A x <= b.
---@class relucid.domain
---@field n integer
---@field lo number[]
---@field hi number[]
---@field A number[][]
---@field b number[]
local domain = {}

--- Rows of numbers, immutable; `#data` is how many.
---@class relucid.data
---@field columns integer        numbers in each row
---@field names string[]|nil     of the columns, from the file's header line
local data = {}

--- Row i.
---@param i integer
---@return number[]
function data:row(i) end

-- ---- region ----------------------------------------------------------------------------------------

--- A set of inputs, immutable: bounds, rows A x <= b, and, where it is no polytope, a pattern.
---@class relucid.region
---@field n integer
---@field lo number[]
---@field hi number[]
local region = {}

--- Is x certainly inside (exact arithmetic)?
---@param x number[]
---@return boolean
function region:contains(x) end

--- How many rows of the data are certainly inside.
---@param data relucid.data
---@return integer
function region:support(data) end

--- The numbers of the rows that are certainly inside, ascending.
---@param data relucid.data
---@return integer[]
function region:members(data) end

--- Bounds of the volume, in the inputs whose range has a width, of which there may be 10.
---@return number lo
---@return number hi
function region:volume() end

--- Points of the region by hit and run, each certainly inside; region:sample chooses what is not given.
---@param from number[]   a point of the region
---@param count integer
---@param thin integer    steps before each point
---@param seed integer
---@return number[][]
function region:hit_and_run(from, count, thin, seed) end

--- The rows: with the bounds they say everything about a polytope.
---@return {A: number[][], b: number[]}
function region:rows() end

--- The pattern, nil where there is none.
---@return relucid.pattern|nil
function region:pattern() end

--- Do bounds and rows say everything?
---@return boolean
function region:is_polytope() end

-- ---- steppers --------------------------------------------------------------------------------------

--- A search of the decision procedure (network:search).
---@class relucid.search
local search = {}

--- Work on so many nodes, or a fifth of a second.
---@param nodes? integer  default 1000
---@return "running"|"proved"|"counterexample"|"unknown" verdict
function search:step(nodes) end

--- "proved": no such input; for "maximize" the gap is closed.
---@return "running"|"proved"|"counterexample"|"unknown"
function search:verdict() end

--- Why the verdict is unknown: "seconds", "nodes", "lps", "memory", "numerics".
---@return string|nil
function search:reason() end

--- The best input so far; for "find" a confirmed one.
---@return number[]|nil
function search:witness() end

--- A lower bound of the maximum, reached at the witness.
---@return number
function search:lower() end

--- An upper bound of the maximum.
---@return number
function search:upper() end

--- Counts of the search, and its seconds.
---@return table<string, number>
function search:stats() end

--- The signs that the proof used; nil before a proof.
---@return relucid.pattern|nil
function search:core() end

--- The pattern that was searched, nil without one.
---@return relucid.pattern|nil
function search:pattern() end

--- The proof's number of nodes, and for "maximize" what is proved; nil without a proof (see search:proof).
---@return integer|nil nodes
---@return number|nil upper
function search:proof_size() end

--- Node i of the proof (see search:proof).
---@param i integer
---@return table
function search:proof_node(i) end

--- A minimisation of a pattern (network:minimize).
---@class relucid.minimize
local minimize = {}

--- Work on so many search nodes.
---@param nodes? integer
---@return boolean done
function minimize:step(nodes) end

--- Does the starting pattern imply the property?
---@return "running"|"proved"|"counterexample"|"unknown"
function minimize:verdict() end

--- The smallest pattern so far; it implies the property where the verdict is "proved".
---@return relucid.pattern
function minimize:pattern() end

--- Where the starting pattern does not imply the property: an input that shows it.
---@return number[]|nil
function minimize:witness() end

--- Counts of all searches together, and queries, unknowns, refuted, found.
---@return table<string, number>
function minimize:stats() end

--- A stepper to a preimage (network:preimage).
---@class relucid.preimage
local preimage = {}

--- Split so many parts, or work for a fifth of a second.
---@param splits? integer
---@return boolean done
function preimage:step(splits) end

--- Is the coverage reached, measured over a fresh sample?
---@return boolean
function preimage:check() end

--- Ask for another coverage; the search goes on where that had ended it.
---@param coverage number
function preimage:demand(coverage) end

--- The number of the part that step() would split next.
---@return integer|nil
function preimage:best() end

--- The parts that are not split yet.
---@return table[] parts  {volume, captured, gain, undecided, closed, depth, lo, hi, split}
function preimage:parts() end

--- Split a part; by default as it proposes.
---@param part integer
---@param how? {input: integer, at: number}|{neuron: integer[]}
function preimage:split(part, how) end

--- Why it ended: "running", "coverage", "exact", "seconds", "polytopes", "stuck".
---@return string
function preimage:reason() end

--- A cheap estimate of the coverage.
---@return number
function preimage:estimate() end

--- The coverage of the polytopes of now, over a fresh sample.
---@return {value: number, lo: number, hi: number, samples: integer}
function preimage:coverage() end

--- How many polytopes there are now.
---@return integer
function preimage:count() end

--- Polytope i.
---@param i integer
---@return relucid.region
function preimage:region(i) end

--- Counts, and seconds.
---@return table<string, number>
function preimage:stats() end

--- A stepper through linear regions (network:enumerate).
---@class relucid.enumerate
local enumerate = {}

--- Work on so many cells, or for a fifth of a second.
---@param cells? integer
---@return boolean done
function enumerate:step(cells) end

--- Unite regions whose union is convex; at the end, for a property of one clause.
function enumerate:merge() end

--- How many regions there are so far.
---@return integer
function enumerate:count() end

--- Region i.
---@param i integer
---@return relucid.region
function enumerate:region(i) end

--- The pattern of region i; nil where it is united.
---@param i integer
---@return relucid.pattern|nil
function enumerate:pattern(i) end

--- Bounds of the volume of region i, or of all together.
---@param i? integer
---@return number lo
---@return number hi
function enumerate:volume(i) end

--- The corners of region i, rounded.
---@param i integer
---@return number[][]
function enumerate:vertices(i) end

--- Counts, and seconds.
---@return table<string, number>
function enumerate:stats() end

--- A stepper that grows a box (network:inflate).
---@class relucid.inflate
local inflate = {}

--- Make so many steps of gradient ascent.
---@param steps? integer
---@return boolean done
function inflate:step(steps) end

--- The best box so far, proved in exact arithmetic; nil where not even the point is proved.
---@return {lo: number[], hi: number[]}|nil
function inflate:box() end

--- The measure of the best box so far, and the steps done.
---@return number value
---@return integer steps
function inflate:value() end

--- A command that was started, for campaigns over several cores.
---@class relucid.process
---@field pid integer
local process = {}

--- Write to its standard input; raises where it has ended.
---@param text string
function process:send(text) end

--- There is no more input.
function process:finish() end

--- What it wrote and was not read yet, may be ""; nil after its end.
---@return string|nil
function process:receive() end

--- End it at once.
function process:kill() end

--- How it ended, after its end.
---@return "exit"|"signal" how
---@return integer status
function process:wait() end

-- ---- making objects --------------------------------------------------------------------------------

--- A network of tables, one for each layer, ReLU between them but for neurons that are linear.
---
---     local net = relucid.network { { W = { { 1, -1 } }, b = { 0 } }, { W = { { 1 }, { -1 } }, b = { 0, 1 } } }
---@param layers {W: number[][], b: number[], linear: boolean|boolean[]|nil}[]
---@return relucid.network
function core.network(layers) end

--- A pattern; without layers all neurons are free.
---@param net relucid.network
---@param layers? any[][]  as pattern:layers() gives them
---@return relucid.pattern
function core.pattern(net, layers) end

--- A domain.
---
---     local domain = relucid.domain { lo = { -1, -1 }, hi = { 1, 1 }, A = { { 1, 1 } }, b = { 1 } }
---@param fields {lo: number[], hi: number[], A: number[][]?, b: number[]?}
---@return relucid.domain
function core.domain(fields) end

--- A region: the domain's inputs that obey the pattern and further rows.
---@param net relucid.network
---@param domain relucid.domain
---@param pattern? relucid.pattern
---@param rows? {A: number[][], b: number[]}
---@return relucid.region
function core.region(net, domain, pattern, rows) end

--- Output k is the largest.
---@param net relucid.network
---@param k integer
---@return relucid.property
function core.property.argmax(net, k) end

--- Output k is the smallest.
---@param net relucid.network
---@param k integer
---@return relucid.property
function core.property.argmin(net, k) end

--- The and of rows a.x + c.y + d >= 0.
---
---     relucid.property.linear { { c = { 1, -1, 0 }, d = -0.5 } } -- y1 >= y2 + 0.5
---@param rows {a: number[]?, c: number[], d: number?}[]
---@return relucid.property
function core.property.linear(rows) end

--- The or of properties, or of lists of rows.
---@param list (relucid.property|table[])[]
---@return relucid.property
function core.property.any(list) end

--- A value of JSON in one line; numbers read back to the same doubles.
---@param value any
---@return string
function core.json.encode(value) end

--- The value in a JSON text; errors read "name:line:column: what".
---@param text string
---@param name? string
---@return any
function core.json.decode(text, name) end

--- Mark a table as a JSON array, empty ones too.
---@param t table
---@return table t
function core.json.array(t) end

--- Mark a table as a JSON object, with its keys in this order.
---@param t table
---@param keys? string[]
---@return table t
function core.json.object(t, keys) end

--- The options of searches: name, default, help.
---@return {name: string, default: number, help: string}[]
function core.search_options() end

--- The options of network:preimage.
---@return {name: string, default: number, help: string}[]
function core.preimage_options() end

--- The options of network:inflate.
---@return {name: string, default: number, help: string}[]
function core.inflate_options() end

--- Seconds of a clock that only goes forward.
---@return number
function core.now() end

return relucid, core
