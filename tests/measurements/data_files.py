# ruff: noqa: E501, W291  (rows as the formats have them)
"""Small files in every format, as texts: three bins of an invented experiment, so that nothing published is copied."""

PLAIN = """\
# source: A. Nobody et al., Journal of Tests 1, 23 (2031), doi:10.0000/test
# experiment: TEST-1, 2029/01-2030/12, top of atmosphere (solar modulated, phi ~ 450 MV)
# quantity: proton (H) flux dPhi/dR versus rigidity
# units: R in GV (as tabulated; not GeV); flux in m^-2 s^-1 sr^-1 GV^-1; err_stat, err_sys symmetric 1 sigma
# found in: nowhere
R_lo,R_hi,R_mean,flux,err_stat,err_sys
1,2,1.4,600,3,4
2,4,2.8,200,0.5,1.2
4,8,5.6,50,0.1,0
"""

USINE_HEADER = """\
# Data export from a database
# Format: USINE code
#   Col.1  -  QUANTITY NAME (case insensitive)
#   Col.2  -  SUB-EXP NAME (case insensitive, no space)
#   Col.3  -  EAXIS TYPE: EKN, EK, R, or ETOT
#   Col.4  -  <E>: mean value bin [GeV/n, GeV, GV, or GeV]
#   Col.5  -  EBIN_LOW
#   Col.6  -  EBIN_HIGH
#   Col.7  -  QUANTITY VALUE: [#/sr/s/m2/EAxis] if flux , no unit if ratio
#   Col.8  -  ERR_STAT-
#   Col.9  -  ERR_STAT+
#   Col.10 -  ERR_SYST-
#   Col.11 -  ERR_SYST+
#   Col.12 -  ADS URL FOR PAPER REF (no space)
#   Col.13 -  phi [MV]
#   Col.14 -  DISTANCE EXP IN SOLAR SYSTEM [AU]
"""
USINE = (
    USINE_HEADER
    + """\
#   Col.15 -  DATIMES: format = yyyy/mm/dd-hhmmss:yyyy/mm/dd-hhmmss;...
#   Col.16 -  IS UPPER LIMIT: format = 0 or 1
#
H    A&amp;B(2029/01)  R    1.4e+0  1e+0   2e+0   6e+2  -3e+0  4e+0  -5e+0 6e+0  2031Te%26St..47..163N  4.5e+2  1  2029/01/01-000000:2029/02/01-000000;2029/03/01-000000:2029/04/01-000000 0
H    A&amp;B(2029/01)  R    2.8e+0  2.8e+0 2.8e+0 2e+2  -1e+0  1e+0   0e+0 0e+0  2031Te%26St..47..163N  4.5e+2  1  2029/01/01-000000:2029/02/01-000000 0
H    OTHER(2028)       EKN  3.0e+0  2e+0   4e+0   1e+2   0e+0  0e+0   0e+0 0e+0  2030Test...1....1N     -1      1  2028/01/01-000000:2028/02/01-000000 1
b/c  A&amp;B(2029/01)  R    2.8e+0  2e+0   4e+0   3e-1   1e-2  1e-2   2e-2 2e-2  2031Te%26St..47..163N  0       1  2029/01/01-000000:2029/02/01-000000 0
"""
)
USINE_14 = (
    USINE_HEADER.replace("phi [MV]", "phi [GV]")
    + """\
H  TEST(2029/01)  R  1.4  1.0  2.0  600  -3  4  -5  6  2001Test...1....1N  0.45  1.0
H  TEST(2029/01)  R  2.8  2.0  4.0  200  -1  1   0  0  2001Test...1....1N  0.45  1.0
"""
)
CSV = """\
# comment
H,TEST (2029/01),R,1.4,1.0,2.0,600,-3,4,-5,6,2031Test...1....1N,450,1,2029/01/01-000000:2029/02/01-000000,0
H,TEST (2029/01),R,2.8,2.0,4.0,200,1,1,0,0,2031Test...1....1N,450,1,2029/01/01-000000:2029/02/01-000000,1
"""
AS_IMPORT = """\
# comment, with commas
#
"TEST","space","http://x/?a=1,2",2029,"TEST &amp; SON (2029/01)","a, b",0.02,"",1,"2029/01/01-000000:2029/02/01-000000",2031Te&amp;S..47..163N,"table 1","H",R,1.4,1.0,2.0,600,-3,4,5,6,0,450
TEST,space,html,2029,"TEST &amp; SON (2029/01)","",0.02,"",1,dates,2031Te&amp;S..47..163N,origin,H,R,2.8,2.0,4.0,200,1,1,0,0,1,450
"""

KISS = """\
#Source: CRDB
#Ref: 10.0000/test (2031Test...1....1N)
#Experiment: TEST-1
#Y Quantity: B_C
#X Quantity: kineticEnergyPerNucleon
#Url: https://example.org
#Comments: 
#Columns: x, y, y statistical errors, y systematic errors
1.400e+00 3.000e-01 1.000e-03 2.000e-03 1.500e-02 1.600e-02 
2.800e+00 2.500e-01 1.000e-03 1.000e-03 1.400e-02 1.400e-02 
"""
KISS_OLD = """\
#Source: SSDC
#Ref: 10.0000/test (2031Test...1....1N)
#Experiment: TEST-1
#Quantity: H
#Units: rigidity(original)
#Url: https://example.org
#Comments: 
1.4 600 5 13 3 5
2.8 200 1 1 1 1
"""
KISS_INPUT = """\
#ads: 2031Test...1....1N
#E_lo - E_up - y - errSta_lo - errSta_up - errSys_lo - errSys_up
1.0 2.0 600 3 4 5 6
2.0 4.0 200 1 1 0 0
"""

SSDC_BIN = """\
  <DATA>
    <time_min>2029-01-01T00:00:00</time_min>
    <rigidity_min>{0}</rigidity_min>
    <rigidity_max>{1}</rigidity_max>
    <flux>{2}</flux>
    <flux_statistical_error_low>3.0E-1</flux_statistical_error_low>
    <flux_statistical_error_high>0.4</flux_statistical_error_high>
    <flux_systematical_error_low>5</flux_systematical_error_low>
    <flux_systematical_error_high>5</flux_systematical_error_high>
    <flux_acc_error_low>3</flux_acc_error_low>
    <flux_acc_error_high>3</flux_acc_error_high>
    <flux_scale_error_high>4</flux_scale_error_high>
    <flux_scale_error_low>4</flux_scale_error_low>
  </DATA>
"""
SSDC = (
    """\
<?xml version="1.0" encoding="UTF-8"?>
<XML>
  <!--a comment-->
  <HEADER>
    <PARTICLE>C</PARTICLE>
    <MISSION>TEST-1</MISSION>
    <UNITS>
      <flux>(m^2 s sr GeV)^(-1)</flux>
      <rigidity>GV</rigidity>
      <time>UTC</time>
    </UNITS>
    <DOI>10.0000/test</DOI>
    <JOURNAL>Tests</JOURNAL>
    <YEAR>2031</YEAR>
    <VOLUME>1</VOLUME>
    <PAGE>23</PAGE>
    <AUTHORS>Nobody, et al</AUTHORS>
    <ADS_LINK>null</ADS_LINK>
  </HEADER>
"""
    + SSDC_BIN.format(1.0, 2.0, 60)
    + SSDC_BIN.format(2.0, 4.0, 20)
    + "</XML>\n"
)
EVERY = {
    "plain": PLAIN, "usine": USINE, "usine of 14 columns": USINE_14, "csv": CSV, "csv-asimport": AS_IMPORT, "kiss": KISS,
    "old kiss": KISS_OLD, "ssdc": SSDC,
}  # fmt: skip
