// InformationTheory
