--- Encounters in which climb.nnet advises to climb, for the first experiments.
--- `raw`: h [ft], vo [ft/s], vi [ft/s], tau [s]; `point`: the same, normalised,
--- which for these is exact; `outputs`: about what the network says there
--- (clear, climb, descend).  To make the network again:
---     lua5.4 examples/demo/train.lua
return {
  {
    name = "level, intruder just below",
    raw = { -125, 0, 0, 5.75 },
    point = { -0.0625, 0, 0, -0.25 },
    outputs = { -0.17, 3.72, -6.13 },
  },
  {
    name = "sinking towards an intruder below",
    raw = { -250, -20, 0, 10.5 },
    point = { -0.125, -0.25, 0, 0 },
    outputs = { -0.65, 3.18, -5.25 },
  },
  {
    name = "both climb, the intruder from below and faster",
    raw = { -125, 5, 10, 5.75 },
    point = { -0.0625, 0.0625, 0.125, -0.25 },
    outputs = { -0.52, 4.57, -6.34 },
  },
}
