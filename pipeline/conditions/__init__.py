"""The condition language that `filter`, `count`, `sample` and others share: a subset of the Collector's OTTL (components §1).

    severity_number >= ERROR and not (body =~ "^GET /health")
    resource.attributes["service.name"] in ["cart", "shop"] or duration > 250ms

A path stands on the left, a literal on the right. `or` binds weakest, then `and`, then `not`. What a record does not have
equals only `nil`; any other comparison with it is false, and so is one of unlike types. There are no functions.
"""

from pipeline.conditions.expression import Condition
from pipeline.conditions.parser import ConditionError, parse

__all__ = ["Condition", "ConditionError", "parse"]
