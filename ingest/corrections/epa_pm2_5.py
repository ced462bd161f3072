"""PM2.5 of Plantower sensors in the piecewise form of the EPA AirNow Fire and Smoke Map (October 2021).

| x, ug/m3   | corrected (RH in %)                                                         |
|------------|-----------------------------------------------------------------------------|
| below 30   | 0.524 x - 0.0862 RH + 5.75                                                  |
| 30 to 50   | the slope goes to 0.786                                                     |
| 50 to 210  | 0.786 x - 0.0862 RH + 5.75                                                  |
| 210 to 260 | goes over, slope and intercept alike, to                                    |
| above 260  | 0.69 x + 2.966 + 8.84e-4 x^2                                                |

The first line is Barkjohn, Gantt and Clements 2021, AMT 14, 4617; what is below 0 counts as 0. Fitted to the
CF=1 output of outdoor sensors in the USA. Plantower's atmospheric output, which is what pm2_5 is here, is the
same up to about 30 ug/m3 and lower above. In clean, dry air the intercept makes 3 to 5 ug/m3 out of nothing.
"""

import numpy as np

from venueair.block import Float64


def corrected(x: Float64, humidity: Float64) -> Float64:
    """ug/m3, (n,); humidity in % as the sensor reports it. NaN where one is NaN."""
    smoky = np.clip(x / 20 - 1.5, 0, 1)
    dense = np.clip(x / 50 - 4.2, 0, 1)
    ambient = (0.524 + 0.262 * smoky) * x - 0.0862 * np.clip(humidity, 0, 100) + 5.75
    smoke = 0.69 * x + 2.966 + 8.84e-4 * x * x
    return np.maximum((1 - dense) * ambient + dense * smoke, 0.0)
