"""Facts about identifiers that a checksum alone does not tell: who issues which numbers, and how long they are.

Sources: redaction contract §2.3 (card schemes' published ranges), §2.4 (SWIFT IBAN registry, release 101), and the ITU-T list of
assigned E.164 country codes.
"""

from typing import Final, NamedTuple


class IssuerRange(NamedTuple):
    """Card numbers whose first digits lie from `first` to `last` have one of these lengths."""

    first: int
    last: int
    lengths: range | tuple[int, ...]


CARD_ISSUERS: Final = (
    IssuerRange(4, 4, (13, 16, 19)),  # Visa
    IssuerRange(51, 55, (16,)),  # Mastercard
    IssuerRange(2221, 2720, (16,)),
    IssuerRange(34, 34, (15,)),  # American Express
    IssuerRange(37, 37, (15,)),
    IssuerRange(6011, 6011, range(16, 20)),  # Discover
    IssuerRange(644, 649, range(16, 20)),
    IssuerRange(65, 65, range(16, 20)),
    IssuerRange(622126, 622925, range(16, 20)),
    IssuerRange(300, 305, range(14, 20)),  # Diners Club
    IssuerRange(3095, 3095, range(14, 20)),
    IssuerRange(36, 36, range(14, 20)),
    IssuerRange(38, 39, range(14, 20)),
    IssuerRange(35, 35, range(16, 20)),  # JCB: issues 3528 to 3589; makers of test numbers use all
    IssuerRange(2131, 2131, (15,)),  # JCB, old
    IssuerRange(1800, 1800, (15,)),
    *(IssuerRange(iin, iin, range(12, 20)) for iin in (5018, 5020, 5038, 5893, 6304, 6390, 6759, 6761, 6762, 6763)),  # Maestro
    IssuerRange(56, 58, range(12, 20)),
    IssuerRange(62, 62, range(16, 20)),  # UnionPay
    IssuerRange(2200, 2204, range(16, 20)),  # Mir
)

RUPAY_ISSUERS: Final = tuple(IssuerRange(iin, iin, (16,)) for iin in (60, 81, 82, 508))

IBAN_LENGTHS: Final = {
    country: length
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FI FK FO GL NL SD",
        19: "MK SI",
        20: "AT BA EE KZ LT LU MN XK",
        21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA",
        23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST",
        26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
        29: "BR EG PS QA UA",
        30: "JO KW MU YE",
        31: "MT SC",
        32: "LC",
        33: "RU",
    }.items()
    for country in countries.split()
}

IBAN_DIGITS_ONLY: Final = frozenset(
    (
        "AE", "AT", "BA", "BE", "BI", "CR", "CZ", "DE", "DJ", "DK", "EE", "EG", "ES", "FI", "FO", "GL", "HR", "HU", "IL",
        "IS", "LT", "LY", "ME", "MN", "MR", "NO", "PL", "PT", "RS", "SD", "SE", "SI", "SK", "SO", "ST", "TL", "TN", "VA",
        "XK",
    )
)  # fmt: skip
"""Countries whose BBAN has no letters."""

COUNTRY_CODES: Final = frozenset(
    (
        1, 7, 20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, 43, 44, 45, 46, 47, 48, 49, 51, 52, 53, 54, 55, 56, 57, 58, 60, 61,
        62, 63, 64, 65, 66, 81, 82, 84, 86, 90, 91, 92, 93, 94, 95, 98, 211, 212, 213, 216, 218, 220, 221, 222, 223, 224, 225,
        226, 227, 228, 229, 230, 231, 232, 233, 234, 235, 236, 237, 238, 239, 240, 241, 242, 243, 244, 245, 246, 247, 248,
        249, 250, 251, 252, 253, 254, 255, 256, 257, 258, 260, 261, 262, 263, 264, 265, 266, 267, 268, 269, 290, 291, 297,
        298, 299, 350, 351, 352, 353, 354, 355, 356, 357, 358, 359, 370, 371, 372, 373, 374, 375, 376, 377, 378, 379, 380,
        381, 382, 383, 385, 386, 387, 389, 420, 421, 423, 500, 501, 502, 503, 504, 505, 506, 507, 508, 509, 590, 591, 592,
        593, 594, 595, 596, 597, 598, 599, 670, 672, 673, 674, 675, 676, 677, 678, 679, 680, 681, 682, 683, 685, 686, 687,
        688, 689, 690, 691, 692, 800, 808, 850, 852, 853, 855, 856, 870, 878, 880, 881, 882, 883, 886, 888, 960, 961, 962,
        963, 964, 965, 966, 967, 968, 970, 971, 972, 973, 974, 975, 976, 977, 979, 992, 993, 994, 995, 996, 998,
    )
)  # fmt: skip
"""No code is the beginning of another."""
