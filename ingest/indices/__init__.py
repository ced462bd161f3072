"""Air-quality indices and the physics beside them: values in, values out, vectorised, float64; NaN stays NaN.

Results are screening values. What goes in and what a result means: docs/indices.md.
"""

from venueair.block import Float64

Values = float | Float64
