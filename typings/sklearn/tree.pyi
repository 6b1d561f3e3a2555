from typing import Any

class DecisionTreeClassifier:
    def __init__(self, **parameters: Any) -> None: ...

class DecisionTreeRegressor:
    def __init__(self, **parameters: Any) -> None: ...
