from pymysql.constants import FIELD_TYPE as FIELD_TYPE
